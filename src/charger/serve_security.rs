//! CALLs of the security extension about certificates, and the keys that change how the station
//! connects (security whitepaper, edition 3).

use crate::charger::keys::KeyId;
use crate::charger::outbox::About;
use crate::charger::point::ChargePoint;
use crate::charger::security::{self, Certificate, event};
use crate::charger::serve::{Answer, json};
use crate::charger::upload::Channel;
use crate::ocpp::messages::{
    CertificateSignedRequest, CertificateSignedResponse, DeleteCertificateRequest,
    DeleteCertificateResponse, ExtendedTriggerMessageRequest, ExtendedTriggerMessageResponse,
    GetInstalledCertificateIdsRequest, GetInstalledCertificateIdsResponse,
    InstallCertificateRequest, InstallCertificateResponse, SignCertificateRequest,
};
use crate::ocpp::types::{
    CertificateSignedStatus, CertificateUse, DeleteCertificateStatus, ExtendedMessageTrigger,
    GetInstalledCertificateStatus, InstallCertificateStatus, MessageTrigger, TriggerMessageStatus,
};
use crate::time::Time;

impl ChargePoint {
    pub(super) fn install_certificate(
        &mut self,
        now: Time,
        request: &InstallCertificateRequest<'_>,
    ) -> Answer {
        let clock = self.clock(now);
        let purpose = request.certificate_type;
        let status = self.extras_mut().vault.install(purpose, &request.certificate, clock);
        if status != InstallCertificateStatus::Accepted
            && purpose == CertificateUse::CentralSystemRootCertificate
        {
            self.security_event(now, event::INVALID_CENTRAL_SYSTEM_CERTIFICATE, None);
        }
        Ok(json(&InstallCertificateResponse { status }))
    }

    pub(super) fn installed_certificates(
        &self,
        request: &GetInstalledCertificateIdsRequest,
    ) -> Answer {
        let list = self.extras.as_deref().map(|e| e.vault.list(request.certificate_type));
        let list = list.filter(|list| !list.is_empty());
        let status = match &list {
            Some(_) => GetInstalledCertificateStatus::Accepted,
            None => GetInstalledCertificateStatus::NotFound,
        };
        Ok(json(&GetInstalledCertificateIdsResponse { certificate_hash_data: list, status }))
    }

    /// The last root that the connection relies on stays.
    pub(super) fn delete_certificate(&mut self, request: &DeleteCertificateRequest<'_>) -> Answer {
        let in_use = self.keys.int(KeyId::SecurityProfile) >= 2;
        let status = match self.extras.as_mut() {
            Some(extras) => extras.vault.delete(&request.certificate_hash_data, in_use),
            None => DeleteCertificateStatus::NotFound,
        };
        Ok(json(&DeleteCertificateResponse { status }))
    }

    pub(super) fn certificate_signed(
        &mut self,
        now: Time,
        request: &CertificateSignedRequest<'_>,
    ) -> Answer {
        let clock = self.clock(now);
        let id = self.id.clone();
        let vault = &mut self.extras_mut().vault;
        let status = match vault.take_own(&request.certificate_chain, id.as_str(), clock) {
            true => CertificateSignedStatus::Accepted,
            false => CertificateSignedStatus::Rejected,
        };
        if status == CertificateSignedStatus::Rejected {
            self.security_event(now, event::INVALID_CHARGE_POINT_CERTIFICATE, None);
        }
        Ok(json(&CertificateSignedResponse { status }))
    }

    /// The answer goes first, the message after it.
    pub(super) fn extended_trigger(
        &mut self,
        now: Time,
        request: &ExtendedTriggerMessageRequest,
    ) -> Answer {
        let connector = request.connector_id;
        let triggered = match request.requested_message {
            ExtendedMessageTrigger::BootNotification => {
                self.trigger_message(now, MessageTrigger::BootNotification, connector)
            }
            ExtendedMessageTrigger::Heartbeat => {
                self.trigger_message(now, MessageTrigger::Heartbeat, connector)
            }
            ExtendedMessageTrigger::MeterValues => {
                self.trigger_message(now, MessageTrigger::MeterValues, connector)
            }
            ExtendedMessageTrigger::StatusNotification => {
                self.trigger_message(now, MessageTrigger::StatusNotification, connector)
            }
            ExtendedMessageTrigger::LogStatusNotification => {
                self.queue_upload_status(Channel::Log);
                true
            }
            ExtendedMessageTrigger::FirmwareStatusNotification => {
                self.queue_firmware_status(true);
                true
            }
            ExtendedMessageTrigger::SignChargePointCertificate => {
                self.request_certificate();
                true
            }
        };
        let status = match triggered {
            true => TriggerMessageStatus::Accepted,
            false => TriggerMessageStatus::Rejected,
        };
        Ok(json(&ExtendedTriggerMessageResponse { status }))
    }

    fn request_certificate(&mut self) {
        let csr = security::certificate_request(self.id.as_str(), self.keys.text(KeyId::CpoName));
        let payload = json(&SignCertificateRequest { csr: csr.into() });
        self.outbox.push(About::SignCertificate, payload);
    }

    /// The certificate a firmware is signed with, if the station trusts it.
    pub(super) fn firmware_signer(&self, now: Time, pem: &str) -> Option<Certificate> {
        self.extras.as_deref()?.vault.signer(pem, self.clock(now))
    }

    /// Whether a change of `SecurityProfile` is out of the question: a lower one, or one whose
    /// password, root or own certificate is not there yet.
    pub(super) fn refuses_profile(&self, wanted: &str) -> bool {
        let Ok(wanted) = wanted.trim().parse::<i64>() else { return false };
        let vault = self.extras.as_deref().map(|extras| &extras.vault);
        let central = CertificateUse::CentralSystemRootCertificate;
        let has_root = vault.is_some_and(|vault| vault.has_root(central));
        let has_own = vault.is_some_and(security::Vault::has_own);
        let has_password = !self.keys.text(KeyId::AuthorizationKey).is_empty();
        let ready = match wanted {
            ..=0 => true,
            1 => has_password,
            2 => has_password && has_root,
            _ => has_own && has_root,
        };
        wanted < self.keys.int(KeyId::SecurityProfile) || !ready
    }

    /// What a change of a key means for security is told.
    pub(super) fn note_reconfiguration(&mut self, now: Time, name: &str) {
        let watched = [KeyId::AuthorizationKey, KeyId::SecurityProfile];
        if watched.into_iter().any(|id| self.keys.is(id, name)) {
            self.security_event(now, event::RECONFIGURATION, Some(name));
        }
    }
}
