# What each run begins with; a run says only what it changes.

name               = "orders"
team               = "commerce"
environment        = "prod"
floor              = "tests/given/prod.floor"
authorizer_package = "tests/given/authorizer.zip"
authorizer_sha256  = "d8af0cfd75da4af30887974511c5f4fc63b1fd0b81a45d0d8688ace882741b2c"
routes             = [{ path = "/api/orders/**", target = { http = { url = "https://orders.example.com/v2/" } } }]
