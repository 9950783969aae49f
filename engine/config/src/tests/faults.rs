//! Files that are wrong, and the whole answer to each.

/// Text of `config.yaml`, and the report on it.
pub const FAULTS: &[(&str, &str)] = &[
    (
        "telegram:\n  tokne: ${BOT_TOKEN}\n",
        "config.yaml:2:3: telegram: unknown key `tokne`, did you mean `token`?\n  \
             2 |   tokne: ${BOT_TOKEN}\n    |   ^",
    ),
    (
        "telegarm: {}\n",
        "config.yaml:1:1: unknown key `telegarm`, did you mean `telegram`?\n  \
             1 | telegarm: {}\n    | ^",
    ),
    (
        "telegram:\n  token: 12345:AAinventedinventedinventedinvented\n",
        "config.yaml:2:10: telegram.token: a secret is not written here: use ${NAME} and set \
             NAME in .env, or {file: PATH}\n  \
             2 |   token: ****************************************\n    |          ^",
    ),
    (
        "telegram:\n  admins: [1001, -5]\n",
        "config.yaml:2:18: telegram.admins[1]: -5 is not the id of a person\n  \
             2 |   admins: [1001, -5]\n    |                  ^",
    ),
    (
        "telegram:\n  admin_group: 1001\n",
        "config.yaml:2:16: telegram.admin_group: 1001 is no group's id, which is negative\n  \
             2 |   admin_group: 1001\n    |                ^",
    ),
    (
        "telegram:\n  api_url: ${API}\n",
        "config.yaml:2:12: telegram.api_url: environment variable API is not set\n  \
             2 |   api_url: ${API}\n    |            ^\n\
             config.yaml:2:12: telegram.api_url: is empty\n  \
             2 |   api_url: ${API}\n    |            ^",
    ),
    (
        "pricing: { min_price: cheap }\n",
        "config.yaml:1:23: pricing.min_price: not an amount: not a decimal number\n  \
             1 | pricing: { min_price: cheap }\n    |                       ^",
    ),
    (
        "pricing:\n  min_price: 0.0000001\n",
        "config.yaml:2:14: pricing.min_price: not an amount: more than 6 decimals\n  \
             2 |   min_price: 0.0000001\n    |              ^",
    ),
    (
        "pricing:\n  min_price: 2\n  max_price: 1.50\n",
        "config.yaml:3:14: pricing.max_price: 1.50 is below min_price 2.00\n  \
             3 |   max_price: 1.50\n    |              ^",
    ),
    (
        "pricing:\n  margin_percent: -1\n",
        "config.yaml:2:19: pricing.margin_percent: -1 is outside 0 to 1000\n  \
             2 |   margin_percent: -1\n    |                   ^",
    ),
    (
        "pricing:\n  use_fixed_prices: true\nservices:\n  wa: { name: WhatsApp }\n",
        "config.yaml:4:7: services.wa.fixed_price: is missing, and pricing.use_fixed_prices \
             is on\n  4 |   wa: { name: WhatsApp }\n    |       ^",
    ),
    (
        "services:\n  wa: { name: WhatsApp, enabled: false }\n",
        "config.yaml:2:3: services: no service is enabled\n  \
             2 |   wa: { name: WhatsApp, enabled: false }\n    |   ^",
    ),
    (
        "services:\n  What: { name: WhatsApp }\n  wa: { name: '' }\n",
        "config.yaml:2:9: services.What: a key is 1 to 32 characters out of a-z 0-9 _ -\n  \
             2 |   What: { name: WhatsApp }\n    |         ^\n\
             config.yaml:3:15: services.wa.name: is empty\n  \
             3 |   wa: { name: '' }\n    |               ^",
    ),
    (
        "services:\n  wa: { name: a }\n  wa: { name: b }\n",
        "config.yaml:3:3: services: key `wa` appears twice\n  \
             3 |   wa: { name: b }\n    |   ^",
    ),
    (
        "shop:\n  default_country: FI\n",
        "config.yaml:2:20: shop.default_country: FI is not among shop.countries\n  \
             2 |   default_country: FI\n    |                    ^",
    ),
    (
        "shop:\n  default_country: Finland\n",
        "config.yaml:2:20: shop.default_country: not a country code of two letters, such as \
             US\n  2 |   default_country: Finland\n    |                    ^",
    ),
    (
        "deposits:\n  max: 40\n",
        "config.yaml:2:3: deposits.amounts[3]: 50.00 is outside 5.00 to 40.00\n  \
             2 |   max: 40\n    |   ^\n\
             config.yaml:2:3: deposits.amounts[4]: 100.00 is outside 5.00 to 40.00\n  \
             2 |   max: 40\n    |   ^",
    ),
    (
        "deposits:\n  methods:\n    - { key: Bank, name: Bank, lines: [] }\n",
        "config.yaml:3:14: deposits.methods[0].key: a key is 1 to 32 characters out of \
             a-z 0-9 _ -\n  \
             3 |     - { key: Bank, name: Bank, lines: [] }\n    |              ^",
    ),
    (
        "polling:\n  floor_secs: 5\n",
        "config.yaml:2:3: polling.initial_secs: 2 is outside 5 to 60\n  \
             2 |   floor_secs: 5\n    |   ^\n\
             config.yaml:2:3: polling.active_secs: 3 is outside 5 to 60\n  \
             2 |   floor_secs: 5\n    |   ^",
    ),
    (
        "providers:\n  smspool:\n    enabled: true\n    secrets:\n      api_key: ${KEY}\n",
        "config.yaml:5:16: providers.smspool.secrets.api_key: is not set, put KEY=… into \
             .env\n  5 |       api_key: ${KEY}\n    |                ^",
    ),
    (
        "providers:\n  smspool:\n    enabled: perhaps\n",
        "config.yaml:3:14: providers.smspool.enabled: invalid value: string \"perhaps\", \
             expected true, false or auto\n  3 |     enabled: perhaps\n    |              ^",
    ),
    (
        "providers:\n  smspool:\n    base_url: ftp://example.org\n",
        "config.yaml:3:15: providers.smspool.base_url: not an address such as \
             https://example.org\n  3 |     base_url: ftp://example.org\n    |               ^",
    ),
    (
        "logging:\n  level: inof\n",
        "config.yaml:2:10: logging.level: unknown value `inof`, did you mean `info`?\n  \
             2 |   level: inof\n    |          ^",
    ),
    (
        "plugins:\n  allow: [abc]\n",
        "config.yaml:2:11: plugins.allow[0]: not a SHA-256 of 64 hexadecimal digits\n  \
             2 |   allow: [abc]\n    |           ^",
    ),
];
