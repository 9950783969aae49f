//! What people type and what they mean by it.

use std::collections::BTreeSet;
use std::path::Path;

use ring4_config::Env;

use super::*;

fn live() -> Live {
    let origin = crate::reload::Origin {
        config: Path::new(env!("CARGO_MANIFEST_DIR")).join("config.yaml"),
        scripts: Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts"),
        env: Env::default(),
        overrides: ring4_config::Overrides::default(),
    };
    let built = origin.read().and_then(|files| origin.build(files));
    built.unwrap_or_else(|report| panic!("{report}")).live
}

fn told(found: &Found) -> String {
    let services: BTreeSet<&str> = found.services.iter().map(ServiceKey::as_str).collect();
    let countries: BTreeSet<String> =
        found.countries.iter().map(|country| country.to_string()).collect();
    let services: Vec<&str> = services.into_iter().collect();
    let countries: Vec<String> = countries.into_iter().collect();
    format!("{} | {}", services.join(" "), countries.join(" "))
}

#[test]
fn people_find_what_they_mean() {
    let live = live();
    let rows = [
        ("whatsapp uk", "whatsapp | GB"),
        ("WhatsApp United Kingdom", "whatsapp | GB"),
        ("whatsap unted kingdom", "whatsapp | GB"),
        ("telegrm germany", "telegram | DE"),
        ("telegram germnay", "telegram | DE"),
        ("Telegram", "telegram | "),
        ("tg", "telegram | "),
        ("germany", " | DE"),
        ("🇩🇪", " | DE"),
        ("wa 🇬🇧🇪🇸", "whatsapp | ES GB"),
        ("united", " | GB US"),
        ("ind", " | ID IN"),
        ("india", " | IN"),
        ("whatsapp in germany", "whatsapp | DE"),
        ("whatsapp in", "whatsapp | IN"),
        ("a number for google from spain please", "google | ES"),
        ("un número de telegram en alemania", "telegram | DE"),
        ("whatsapp países bajos", "whatsapp | NL"),
        ("whatsapp paises bajos", "whatsapp | NL"),
        ("guasap brasil", "whatsapp | BR"),
        ("estados unidos", " | US"),
        ("вотсап в германии", "whatsapp | DE"),
        ("телеграм сша", "telegram | US"),
        ("номер для гугл польша", "google | PL"),
        ("gmail poland", "google | PL"),
        ("ring 4 usa", "ring4 | US"),
        ("whatsapp atlantis", "whatsapp | "),
        ("The code was refused", " | "),
        ("can you help me", " | "),
        ("it was not sent", " | "),
        ("wasa uk", "whatsapp | GB"),
        ("can", " | CA"),
        ("xyzzy", " | "),
        ("whatsup xyzzy", " | "),
        ("b", " | "),
        ("", " | "),
        ("::<>&\"", " | "),
    ];
    for (text, want) in rows {
        assert_eq!(told(&find(&live, text)), want, "“{text}”");
    }
}

#[test]
fn what_was_not_named_is_offered_in_full() {
    let live = live();
    let (services, countries) = (live.services().len(), live.countries().len());
    assert_eq!(find(&live, "telegram").offers(&live).len(), countries);
    assert_eq!(find(&live, "germany").offers(&live).len(), services);
    assert_eq!(find(&live, "telegram germany").offers(&live).len(), 1);
}

#[test]
fn hostile_text_is_searched_in_little_time() {
    let live = live();
    let began = std::time::Instant::now();
    for text in ["a ".repeat(5_000), "🇩".repeat(5_000), "ß".repeat(5_000), "\u{301}".repeat(5_000)]
    {
        assert!(find(&live, &text).services.is_empty());
    }
    assert!(began.elapsed().as_secs() < 2, "{:?}", began.elapsed());
}
