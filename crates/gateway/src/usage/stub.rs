//! Placeholders until access log and metrics land; this file goes away with them.
#![allow(missing_docs, reason = "placeholder")]

use super::Record;
use std::sync::Arc;

#[derive(Debug)]
#[derive(Default)]
pub struct Metrics;
#[derive(Debug, Clone)]
pub struct RouteHandle;
#[derive(Debug)]
pub struct WorkerLog;
#[derive(Debug, Clone)]
pub struct AccessLog;
impl Metrics {
    pub fn route(&self, _: &str) -> RouteHandle {
        RouteHandle
    }
    pub fn upstream_opened(&self) {}
    pub fn upstream_reused(&self) {}
    pub fn client_closed(&self) {}
    pub fn client_opened(&self) {}
    pub fn record(&self, _: Option<&RouteHandle>, _: &Record<'_>) {}
}
impl AccessLog {
    pub fn start(
        _: &crate::configuration::AccessLog,
        _: &Arc<[crate::configuration::LogField]>,
        _: &Arc<Metrics>,
    ) -> std::io::Result<AccessLog> {
        Ok(AccessLog)
    }
    pub fn worker(&self) -> WorkerLog {
        WorkerLog
    }
    pub fn reopen(&self) {}
    pub fn drain(&self) {}
}
impl WorkerLog {
    pub fn write(&mut self, _: &Record<'_>, _: std::time::SystemTime) {}
}
