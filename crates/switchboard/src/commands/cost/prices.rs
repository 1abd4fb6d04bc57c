//! What things cost and what has to be assumed: one closed set of each, and prices in tiers.
//!
//! Where the figures come from is `price_file`'s business; that each is there and within bounds is settled there too.

/// The figures that the program has built in.
pub(super) const BUILT_IN: &str = include_str!("../../../aws-prices.yaml");

/// A closed set of figures: the key that each has in a price file, and the unit that it must be given in.
macro_rules! figures {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $key:literal $unit:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $name { $($variant,)* }

        impl $name {
            /// All, in the order of the price file.
            pub(super) const ALL: &[$name] = &[$($name::$variant,)*];

            /// How many.
            pub(super) const COUNT: usize = $name::ALL.len();

            /// As it is called in a price file.
            pub(super) fn key(self) -> &'static str {
                match self { $($name::$variant => $key,)* }
            }

            /// What it is counted in.
            pub(super) fn unit(self) -> &'static str {
                match self { $($name::$variant => $unit,)* }
            }
        }
    };
}

figures! {
    /// What is paid for.
    Item {
        RestRequests "rest_requests" "million requests",
        DataOut "data_out" "GB",
        LambdaRequests "lambda_requests" "million requests",
        LambdaDuration "lambda_duration" "GB-second",
        LogIngestion "log_ingestion" "GB",
        LogStorage "log_storage" "GB-month",
        EndpointHours "endpoint_hours" "zone-hour",
        EndpointData "endpoint_data" "GB",
        Traces "traces" "million traces",
        Alarms "alarms" "alarm-month",
        Metrics "metrics" "metric-month",
        FargateVcpu "fargate_vcpu" "vCPU-hour",
        FargateMemory "fargate_memory" "GB-hour",
        BalancerHours "balancer_hours" "hour",
        BalancerCapacity "balancer_capacity" "LCU-hour",
        PublicIpv4 "public_ipv4" "address-hour",
        SharedRequests "shared_requests" "million requests",
    }
}

figures! {
    /// What is not paid for, and decides how much of the rest there is.
    Given {
        HoursAMonth "hours_a_month" "hours",
        AuthorizerUsRust "authorizer_us_rust" "microseconds",
        AuthorizerUsTypeScript "authorizer_us_typescript" "microseconds",
        MemoryMbRust "memory_mb_rust" "MB",
        MemoryMbTypeScript "memory_mb_typescript" "MB",
        MemoryMbAVcpu "memory_mb_a_vcpu" "MB",
        Credentials "credentials" "credentials",
        RequestKb "request_kb" "KB",
        LogBytes "log_bytes" "bytes",
        AuthorizerLogBytes "authorizer_log_bytes" "bytes",
        LogCompression "log_compression" "ratio",
        TracedShare "traced_share" "ratio",
        Alarms "alarms" "alarms",
        Metrics "metrics" "metrics",
        RouterUs "router_us" "microseconds",
        RouterUsAKb "router_us_a_kb" "microseconds",
        RouterUtilisation "router_utilisation" "ratio",
        RouterTasksMin "router_tasks_min" "tasks",
        RouterTaskVcpu "router_task_vcpu" "vCPU",
        RouterTaskGb "router_task_gb" "GB",
        PeakToMean "peak_to_mean" "ratio",
        RequestsAConnection "requests_a_connection" "requests",
        ConnectionS "connection_s" "seconds",
    }
}

impl Given {
    /// The least and the most that it may be: what keeps every quantity finite, and nothing divided by zero.
    pub(super) fn bounds(self) -> (f64, f64) {
        match self {
            Given::HoursAMonth => (1.0, 744.0),
            Given::MemoryMbRust | Given::MemoryMbTypeScript => (128.0, 10_240.0),
            Given::LogCompression | Given::TracedShare => (0.0, 1.0),
            Given::RouterUtilisation => (0.01, 1.0),
            Given::RequestKb
            | Given::LogBytes
            | Given::AuthorizerLogBytes
            | Given::Alarms
            | Given::Metrics => (0.0, 1e6),
            Given::RouterUsAKb => (0.0, 1e6),
            Given::RouterTaskVcpu => (0.25, 16.0),
            Given::RouterTaskGb => (0.5, 120.0),
            Given::AuthorizerUsRust | Given::AuthorizerUsTypeScript | Given::RouterUs => (0.1, 3e7),
            Given::Credentials => (1.0, 1e9),
            Given::MemoryMbAVcpu
            | Given::RouterTasksMin
            | Given::PeakToMean
            | Given::RequestsAConnection
            | Given::ConnectionS => (1.0, 1e6),
        }
    }

    /// Whether only whole numbers mean something.
    pub(super) fn is_whole(self) -> bool {
        matches!(
            self,
            Given::MemoryMbRust
                | Given::MemoryMbTypeScript
                | Given::Credentials
                | Given::LogBytes
                | Given::Alarms
                | Given::Metrics
                | Given::RouterTasksMin
        )
    }
}

/// Where a figure comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// Who says so, and the date that it carries, as in 2026-10-01.
    Source { source: String, date: String },
    /// Nobody does: why it is taken.
    Assumption(String),
}

/// A price up to a quantity a month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tier {
    /// The whole quantity up to which it holds; infinite in the last one.
    pub(super) up_to: f64,
    /// USD for one unit.
    pub(super) usd: f64,
}

/// A price that falls, or rises, with the quantity: each unit is paid for by the tier that it lies in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tiers(Vec<Tier>);

impl Tiers {
    /// In rising order; the last one goes on without end. `price_file` sees to both.
    pub(super) fn new(tiers: Vec<Tier>) -> Tiers {
        Tiers(tiers)
    }

    /// One price, whatever the quantity.
    pub(super) fn flat(usd: f64) -> Tiers {
        let up_to = f64::INFINITY;
        Tiers(vec![Tier { up_to, usd }])
    }

    /// Each with the quantity at which it begins.
    fn ranges(&self) -> impl Iterator<Item = (f64, Tier)> {
        let begins = std::iter::once(0.0).chain(self.0.iter().map(|tier| tier.up_to));
        begins.zip(self.0.iter().copied())
    }

    /// USD for so many units, where so many others are paid for already.
    pub(super) fn cost(&self, before: f64, quantity: f64) -> f64 {
        let until = before + quantity;
        self.ranges()
            .map(|(begin, tier)| (until.min(tier.up_to) - before.max(begin)).max(0.0) * tier.usd)
            .sum()
    }

    /// The prices of the first and of the last of these units.
    pub(super) fn rates(&self, before: f64, quantity: f64) -> (f64, f64) {
        let at = |quantity: f64, is_in: fn(f64, f64) -> bool| {
            let found = self.0.iter().find(|tier| is_in(quantity, tier.up_to));
            found.or(self.0.last()).map_or(0.0, |tier| tier.usd)
        };
        let first = at(before, |quantity, up_to| quantity < up_to);
        let last = at(before + quantity, |quantity, up_to| quantity <= up_to);
        (first, if quantity > 0.0 { last } else { first })
    }

    /// Where one price ends and the next begins.
    pub(super) fn borders(&self) -> impl Iterator<Item = f64> {
        self.0
            .iter()
            .map(|tier| tier.up_to)
            .filter(|up_to| up_to.is_finite())
    }

    /// All.
    pub(super) fn tiers(&self) -> &[Tier] {
        &self.0
    }
}

/// A price.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Price {
    pub(super) tiers: Tiers,
    pub(super) origin: Origin,
}

/// A figure that is no price.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Assumed {
    pub(super) value: f64,
    pub(super) origin: Origin,
}

/// Everything that a price file says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prices {
    pub(super) region: String,
    /// As in 2026-10-01.
    pub(super) as_of: String,
    prices: [Price; Item::COUNT],
    given: [Assumed; Given::COUNT],
}

impl Prices {
    /// Both in the order of `ALL`.
    pub(super) fn new(
        region: String,
        as_of: String,
        prices: [Price; Item::COUNT],
        given: [Assumed; Given::COUNT],
    ) -> Prices {
        Prices {
            region,
            as_of,
            prices,
            given,
        }
    }

    pub(super) fn price(&self, item: Item) -> &Price {
        &self.prices[item as usize]
    }

    pub(super) fn tiers(&self, item: Item) -> &Tiers {
        &self.price(item).tiers
    }

    pub(super) fn given(&self, given: Given) -> &Assumed {
        &self.given[given as usize]
    }

    pub(super) fn value(&self, given: Given) -> f64 {
        self.given(given).value
    }

    /// With another price of a shared gateway, the one that was given on the command line.
    pub(super) fn with_shared_price(mut self, usd: f64) -> Prices {
        let origin = Origin::Assumption("--shared-price".to_owned());
        self.prices[Item::SharedRequests as usize] = Price {
            tiers: Tiers::flat(usd),
            origin,
        };
        self
    }
}
