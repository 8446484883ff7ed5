//! CALLs of the LocalAuthListManagement profile, and ClearCache.

use crate::charger::keys::KeyId;
use crate::charger::point::ChargePoint;
use crate::charger::serve::{Answer, json};
use crate::ocpp::messages::{
    ClearCacheRequest, ClearCacheResponse, GetLocalListVersionRequest, GetLocalListVersionResponse,
    SendLocalListRequest, SendLocalListResponse,
};
use crate::ocpp::types::{ClearCacheStatus, UpdateStatus};

/// Version that says: this station has no local list (§5.10).
const NO_LIST: i64 = -1;

impl ChargePoint {
    /// §5.10.
    pub(super) fn local_list_version(&self, _request: &GetLocalListVersionRequest) -> Answer {
        let list_version = match self.extras.as_deref() {
            _ if !self.keys.flag(KeyId::LocalAuthListEnabled) => NO_LIST,
            Some(extras) => extras.list.version(),
            None => 0,
        };
        Ok(json(&GetLocalListVersionResponse { list_version }))
    }

    /// §5.15.
    pub(super) fn send_local_list(&mut self, request: &SendLocalListRequest<'_>) -> Answer {
        let status = match self.keys.flag(KeyId::LocalAuthListEnabled) {
            true => self.extras_mut().list.update(request),
            false => UpdateStatus::NotSupported,
        };
        Ok(json(&SendLocalListResponse { status }))
    }

    /// §5.4. Without a cache there is nothing to clear (errata 3.23).
    pub(super) fn clear_cache(&mut self, _request: &ClearCacheRequest) -> Answer {
        let status = match self.keys.flag(KeyId::AuthorizationCacheEnabled) {
            true => ClearCacheStatus::Accepted,
            false => ClearCacheStatus::Rejected,
        };
        if let Some(extras) = self.extras.as_mut().filter(|_| status == ClearCacheStatus::Accepted)
        {
            extras.cache.clear();
        }
        Ok(json(&ClearCacheResponse { status }))
    }
}
