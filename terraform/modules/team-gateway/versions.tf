# Conditions of one input that look at another need Terraform 1.9. Tested with AWS provider 5.100; nothing here is gone or new in 6.x.
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}
