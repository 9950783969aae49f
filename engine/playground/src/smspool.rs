//! A local SMSPool. Only this crate.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::options::SmspoolOptions;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VendorFault {
    pub mode: String,
    pub count: u32,
}

pub(crate) struct Smspool {}

impl Smspool {
    pub fn new(_options: SmspoolOptions, _now_ms: i64) -> Self {
        Self {}
    }
    pub fn clear_faults(&mut self) {}
    pub fn add_fault(&mut self, _fault: VendorFault) -> bool {
        false
    }
    pub fn faults_json(&self) -> Value {
        Value::Null
    }
}
