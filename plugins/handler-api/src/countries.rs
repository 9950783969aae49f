//! English names of countries, as vendors write them, and their ISO codes. Only this crate.

/// The ISO 3166-1 alpha-2 code of a country by its English name; letter case, accents' absence and
/// punctuation aside.
pub fn iso_by_name(name: &str) -> Option<&'static str> {
    let plain = name.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = plain.map(|char| char.to_ascii_lowercase()).collect();
    let place = NAMES.binary_search_by(|(known, _)| (*known).cmp(plain.as_str())).ok()?;
    NAMES.get(place).map(|(_, iso)| *iso)
}

/// Names in lower case without blanks, in order.
#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("afghanistan", "AF"), ("albania", "AL"), ("algeria", "DZ"), ("andorra", "AD"),
    ("angola", "AO"), ("anguilla", "AI"), ("antigua", "AG"), ("antiguaandbarbuda", "AG"),
    ("argentina", "AR"), ("argentinas", "AR"), ("armenia", "AM"), ("aruba", "AW"),
    ("australia", "AU"), ("austria", "AT"), ("azerbaijan", "AZ"), ("bahamas", "BS"),
    ("bahrain", "BH"), ("bangladesh", "BD"), ("barbados", "BB"), ("belarus", "BY"),
    ("belgium", "BE"), ("belize", "BZ"), ("benin", "BJ"), ("bermuda", "BM"), ("bhutan", "BT"),
    ("bolivia", "BO"), ("bosnia", "BA"), ("bosniaandherzegovina", "BA"), ("botswana", "BW"),
    ("brazil", "BR"), ("britishvirginislands", "VG"), ("brunei", "BN"), ("bruneidarussalam", "BN"),
    ("bulgaria", "BG"), ("burkinafaso", "BF"), ("burundi", "BI"), ("caboverde", "CV"),
    ("cambodia", "KH"), ("cameroon", "CM"), ("canada", "CA"), ("capeverde", "CV"), ("car", "CF"),
    ("caymanislands", "KY"), ("centralafricanrepublic", "CF"), ("chad", "TD"), ("chile", "CL"),
    ("china", "CN"), ("colombia", "CO"), ("comoros", "KM"), ("congo", "CG"), ("congodr", "CD"),
    ("costarica", "CR"), ("cotedivoire", "CI"), ("croatia", "HR"), ("cuba", "CU"),
    ("cyprus", "CY"), ("czech", "CZ"), ("czechia", "CZ"), ("czechrepublic", "CZ"),
    ("democraticrepublicofthecongo", "CD"), ("denmark", "DK"), ("djibouti", "DJ"),
    ("dominica", "DM"), ("dominicanrepublic", "DO"), ("drcongo", "CD"), ("easttimor", "TL"),
    ("ecuador", "EC"), ("egypt", "EG"), ("elsalvador", "SV"), ("england", "GB"),
    ("equatorialguinea", "GQ"), ("eritrea", "ER"), ("estonia", "EE"), ("eswatini", "SZ"),
    ("ethiopia", "ET"), ("fiji", "FJ"), ("finland", "FI"), ("france", "FR"),
    ("frenchguiana", "GF"), ("gabon", "GA"), ("gambia", "GM"), ("georgia", "GE"),
    ("germany", "DE"), ("ghana", "GH"), ("gibraltar", "GI"), ("greatbritain", "GB"),
    ("greece", "GR"), ("greenland", "GL"), ("grenada", "GD"), ("guadeloupe", "GP"),
    ("guatemala", "GT"), ("guinea", "GN"), ("guineabissau", "GW"), ("guyana", "GY"),
    ("haiti", "HT"), ("holland", "NL"), ("honduras", "HN"), ("hongkong", "HK"), ("hungary", "HU"),
    ("iceland", "IS"), ("india", "IN"), ("indonesia", "ID"), ("iran", "IR"), ("iraq", "IQ"),
    ("ireland", "IE"), ("israel", "IL"), ("italy", "IT"), ("ivorycoast", "CI"), ("jamaica", "JM"),
    ("japan", "JP"), ("jordan", "JO"), ("kazakhstan", "KZ"), ("kenya", "KE"), ("korea", "KR"),
    ("kosovo", "XK"), ("kuwait", "KW"), ("kyrgyzstan", "KG"), ("lao", "LA"), ("laopeoples", "LA"),
    ("laos", "LA"), ("latvia", "LV"), ("lebanon", "LB"), ("lesotho", "LS"), ("liberia", "LR"),
    ("libya", "LY"), ("liechtenstein", "LI"), ("lithuania", "LT"), ("luxembourg", "LU"),
    ("macao", "MO"), ("macau", "MO"), ("macedonia", "MK"), ("madagascar", "MG"), ("malawi", "MW"),
    ("malaysia", "MY"), ("maldives", "MV"), ("mali", "ML"), ("malta", "MT"), ("martinique", "MQ"),
    ("mauritania", "MR"), ("mauritius", "MU"), ("mayotte", "YT"), ("mexico", "MX"),
    ("moldova", "MD"), ("monaco", "MC"), ("mongolia", "MN"), ("montenegro", "ME"),
    ("montserrat", "MS"), ("morocco", "MA"), ("mozambique", "MZ"), ("myanmar", "MM"),
    ("namibia", "NA"), ("nepal", "NP"), ("netherlands", "NL"), ("newcaledonia", "NC"),
    ("newzealand", "NZ"), ("nicaragua", "NI"), ("niger", "NE"), ("nigeria", "NG"),
    ("northmacedonia", "MK"), ("norway", "NO"), ("oman", "OM"), ("pakistan", "PK"),
    ("palestine", "PS"), ("panama", "PA"), ("papua", "PG"), ("papuanewguinea", "PG"),
    ("paraguay", "PY"), ("peru", "PE"), ("philippines", "PH"), ("poland", "PL"),
    ("portugal", "PT"), ("puertorico", "PR"), ("qatar", "QA"), ("republicofthecongo", "CG"),
    ("reunion", "RE"), ("romania", "RO"), ("russia", "RU"), ("russianfederation", "RU"),
    ("rwanda", "RW"), ("saintkittsandnevis", "KN"), ("saintlucia", "LC"), ("saintvincent", "VC"),
    ("saintvincentandthegrenadines", "VC"), ("salvador", "SV"), ("samoa", "WS"),
    ("sanmarino", "SM"), ("saotomeandprincipe", "ST"), ("saudiarabia", "SA"), ("senegal", "SN"),
    ("serbia", "RS"), ("seychelles", "SC"), ("sierraleone", "SL"), ("singapore", "SG"),
    ("slovakia", "SK"), ("slovenia", "SI"), ("solomonislands", "SB"), ("somalia", "SO"),
    ("southafrica", "ZA"), ("southkorea", "KR"), ("southsudan", "SS"), ("spain", "ES"),
    ("srilanka", "LK"), ("stkittsandnevis", "KN"), ("stlucia", "LC"), ("sudan", "SD"),
    ("suriname", "SR"), ("swaziland", "SZ"), ("sweden", "SE"), ("switzerland", "CH"),
    ("syria", "SY"), ("taiwan", "TW"), ("tajikistan", "TJ"), ("tanzania", "TZ"),
    ("thailand", "TH"), ("timorleste", "TL"), ("togo", "TG"), ("tonga", "TO"),
    ("trinidadandtobago", "TT"), ("tunisia", "TN"), ("turkey", "TR"), ("turkiye", "TR"),
    ("turkmenistan", "TM"), ("turksandcaicosislands", "TC"), ("uae", "AE"), ("uganda", "UG"),
    ("uk", "GB"), ("ukraine", "UA"), ("unitedarabemirates", "AE"), ("unitedkingdom", "GB"),
    ("unitedstates", "US"), ("unitedstatesofamerica", "US"), ("uruguay", "UY"), ("usa", "US"),
    ("uzbekistan", "UZ"), ("vanuatu", "VU"), ("venezuela", "VE"), ("vietnam", "VN"),
    ("yemen", "YE"), ("zambia", "ZM"), ("zimbabwe", "ZW"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_found_however_they_are_written() {
        assert!(NAMES.is_sorted_by(|one, next| one.0 < next.0));
        for (name, iso) in [
            ("USA", Some("US")),
            ("United States", Some("US")),
            ("England", Some("GB")),
            ("Cote d`Ivoire", Some("CI")),
            ("Viet nam", Some("VN")),
            ("Bosnia and Herzegovina", Some("BA")),
            ("Guinea-Bissau", Some("GW")),
            ("USA (virtual)", None),
            ("", None),
        ] {
            assert_eq!(iso_by_name(name), iso, "{name}");
        }
    }
}
