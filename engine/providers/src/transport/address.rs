//! Decides where a plugin's request may go. The transport imports this.

use std::net::IpAddr;

use reqwest::Url;

/// The longest address a plugin may build, in bytes.
const URL_LEN_MAX: usize = 2_048;

/// The hosts one provider may talk to, and the base its paths are appended to.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    base: Option<Url>,
    hosts: Vec<String>,
}

/// Why a request may not go where it wants to; the texts hold no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("the address is not a URL")]
    NotUrl,
    #[error("the address is longer than {URL_LEN_MAX} bytes")]
    TooLong,
    #[error("the request has a path, but the provider has no base_url")]
    NoBase,
    #[error("only https is allowed, and http on this machine")]
    NotHttps,
    #[error("the address carries a user name or password")]
    Credentials,
    #[error("the host is not in the plugin's manifest")]
    ForeignHost,
}

impl AddressError {
    /// The request wanted to go where it has no business.
    pub(crate) const fn is_trespass(self) -> bool {
        matches!(self, Self::NotHttps | Self::Credentials | Self::ForeignHost)
    }
}

impl Reach {
    /// `base` is the configured or the manifest's base URL; `hosts` are the manifest's others.
    pub(crate) fn new(base: Option<&str>, hosts: &[String]) -> Result<Self, AddressError> {
        let base = base.map(|text| checked(text.trim_end_matches('/'))).transpose()?;
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Ok(Self { base, hosts })
    }

    /// The base lies on this machine, so no proxy must stand between.
    pub(crate) fn is_local(&self) -> bool {
        self.base.as_ref().is_some_and(is_loopback)
    }

    /// The whole address of a path or of an absolute address. `default` is the base of a plugin
    /// that serves several vendors; the configured one goes first.
    pub(crate) fn resolve(&self, target: &str, default: Option<&str>) -> Result<Url, AddressError> {
        let len = target.len().saturating_add(default.map_or(0, str::len));
        if len > URL_LEN_MAX {
            return Err(AddressError::TooLong);
        }
        let url = if target.starts_with('/') {
            let base = self.base.as_ref().map(Url::as_str).or(default);
            let base = base.ok_or(AddressError::NoBase)?;
            checked(&format!("{}{target}", base.trim_end_matches('/')))?
        } else {
            checked(target)?
        };
        // Asked of the finished address, so that no trick in a path leads elsewhere.
        let same_as_base = self.base.as_ref().is_some_and(|base| {
            base.host() == url.host() && base.port_or_known_default() == url.port_or_known_default()
        });
        let named = url.host_str().is_some_and(|host| {
            url.port().is_none() && self.hosts.iter().any(|known| known == host)
        });
        if same_as_base || named { Ok(url) } else { Err(AddressError::ForeignHost) }
    }
}

fn checked(text: &str) -> Result<Url, AddressError> {
    let url = Url::parse(text).map_err(|_| AddressError::NotUrl)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials);
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(AddressError::NotHttps),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_stay_on_the_providers_hosts() {
        use AddressError::{Credentials, ForeignHost, NotHttps, NotUrl};
        let hosts = ["cdn.vendor.example".to_owned()];
        let reach = Reach::new(Some("https://api.vendor.example/v1/"), &hosts).expect("a reach");
        for (target, want) in [
            ("/sms/check", Ok("https://api.vendor.example/v1/sms/check")),
            ("/a?b=c#d", Ok("https://api.vendor.example/v1/a?b=c#d")),
            ("//evil.example/x", Ok("https://api.vendor.example/v1//evil.example/x")),
            ("/../../x", Ok("https://api.vendor.example/x")),
            ("/@evil.example", Ok("https://api.vendor.example/v1/@evil.example")),
            ("https://API.vendor.example/x", Ok("https://api.vendor.example/x")),
            ("https://cdn.vendor.example/x", Ok("https://cdn.vendor.example/x")),
            ("https://cdn.vendor.example:8443/x", Err(ForeignHost)),
            ("https://api.vendor.example:8443/x", Err(ForeignHost)),
            ("https://api.vendor.example.evil.example/", Err(ForeignHost)),
            ("https://user@api.vendor.example/", Err(Credentials)),
            ("http://api.vendor.example/x", Err(NotHttps)),
            ("http://127.0.0.1/x", Err(ForeignHost)),
            ("file:///etc/passwd", Err(NotHttps)),
            ("sms/check", Err(NotUrl)),
            ("", Err(NotUrl)),
        ] {
            let got = reach.resolve(target, None).map(|url| url.to_string());
            assert_eq!(got, want.map(str::to_owned), "{target}");
        }
        let long = format!("/{}", "a".repeat(URL_LEN_MAX));
        assert_eq!(reach.resolve(&long, None), Err(AddressError::TooLong));
    }

    #[test]
    fn a_plugins_own_base_is_the_last_resort_and_stays_on_its_hosts() {
        let hosts = ["one.example".to_owned(), "two.example".to_owned()];
        let local = Some("http://127.0.0.1:9/v");
        for (base, default, want) in [
            (None, "https://two.example/", Ok("https://two.example/a.php")),
            (None, "https://two.example.evil.example", Err(AddressError::ForeignHost)),
            (None, "http://two.example", Err(AddressError::NotHttps)),
            (None, "https://user@two.example", Err(AddressError::Credentials)),
            (None, "two.example", Err(AddressError::NotUrl)),
            (local, "https://two.example", Ok("http://127.0.0.1:9/v/a.php")),
        ] {
            let reach = Reach::new(base, &hosts).expect("a reach");
            let got = reach.resolve("/a.php", Some(default)).map(|url| url.to_string());
            assert_eq!(got, want.map(str::to_owned), "{default}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (base, local) in [
            ("http://127.0.0.1:8080", Ok(true)),
            ("http://localhost:8080", Ok(true)),
            ("http://[::1]:8080", Ok(true)),
            ("https://api.vendor.example", Ok(false)),
            ("http://10.0.0.1", Err(AddressError::NotHttps)),
            ("http://127.0.0.1.evil.example", Err(AddressError::NotHttps)),
        ] {
            assert_eq!(Reach::new(Some(base), &[]).map(|reach| reach.is_local()), local, "{base}");
        }
        let nowhere = Reach::new(None, &[]).expect("no base");
        assert_eq!(nowhere.resolve("/x", None), Err(AddressError::NoBase));
    }
}
