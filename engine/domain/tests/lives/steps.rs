//! What may happen in a life: half of it is noise, half is what a shop would really do next, so
//! that the noise strikes in the middle of it. Only `lives` imports this.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use ring4_domain::broadcast::{BroadcastStep, Delivery};
use ring4_domain::change::Seq;
use ring4_domain::command::{Command, Proposal};
use ring4_domain::customer::{Profile, Prompt};
use ring4_domain::day::Day;
use ring4_domain::deposit::{Picture, Reference};
use ring4_domain::effect::Effect;
use ring4_domain::ids::{
    AdjustmentId, BroadcastId, Country, DepositId, MessageId, MethodKey, OrderId, ProviderId,
    RulesVersion, ServiceKey, Timestamp, UserId,
};
use ring4_domain::money::Amount;
use ring4_domain::order::{Candidate, FailReason, Purchase};
use ring4_domain::policy::{Limits, MethodPolicy, Policy, Referrals, ResendLimits};
use ring4_domain::pricing::PriceLimits;
use ring4_domain::resend::ResendStep;
use ring4_domain::sale::Sale;
use ring4_domain::stars::StarsRate;

use crate::next::{Go, charge, go};

/// Few ids, so that they collide.
const CUSTOMERS: i64 = 3;
const ORDERS: u64 = 6;
const DEPOSITS: u64 = 6;
pub const ADMINS: [i64; 2] = [101, 102];

#[derive(Clone, Debug)]
pub enum Step {
    Wait(i64),
    Jump(Timestamp),
    Turn(Turn),
    Run(Command),
    Go(Go),
}

/// A life begins with money in every wallet; most of what can go wrong needs some.
pub fn life() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 140..180).prop_map(|steps| paid_in().chain(steps).collect())
}

fn paid_in() -> impl Iterator<Item = Step> {
    (1..=CUSTOMERS).map(UserId).flat_map(|customer| {
        let id = DepositId::from_bits(DEPOSITS + customer.0.unsigned_abs());
        let method = usdt();
        let amount = Amount::from_micros(1_000_000);
        let profile =
            Profile { id: customer, name: "C".to_owned(), username: None, language: None };
        [
            Command::Welcome(profile),
            Command::OpenDeposit { id, customer, amount, method, card: None },
            Command::SubmitDeposit { customer, deposit: id, auto: true },
            Command::ApproveDeposit { admin: UserId(ADMINS[0]), deposit: id },
        ]
        .map(Step::Run)
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_i64..20_000).prop_map(Step::Wait),
        2 => select(vec![600_000, 900_000, 86_400_000, -1, -60_000, -86_400_000])
            .prop_map(Step::Wait),
        1 => select(vec![0, 0, 0, i64::MIN, i64::MAX, i64::MAX - 1_000, -1])
            .prop_map(|at| Step::Jump(Timestamp(at))),
        3 => turn().prop_map(Step::Turn),
        30 => noise().prop_map(Step::Run),
        56 => go().prop_map(Step::Go),
    ]
}

/// A switch or a limit that the operator changes.
#[derive(Clone, Debug)]
pub enum Turn {
    Selling(bool),
    PriceMin(Amount),
    PriceMax(Amount),
    MarginMin(Amount),
    PriceStep(Amount),
    DepositMin(Amount),
    DepositMax(Amount),
    OpenMax(u32),
    Lifetimes(u32),
    Referrals(bool),
    NoLimits,
    Reset,
}

impl Turn {
    pub fn apply(&self, policy: &mut Policy) {
        match *self {
            Self::Selling(selling) => policy.selling = selling,
            Self::PriceMin(amount) => policy.prices.price_min = amount,
            Self::PriceMax(amount) => policy.prices.price_max = amount,
            Self::MarginMin(amount) => policy.prices.margin_min = amount,
            Self::PriceStep(amount) => policy.prices.price_step = amount,
            Self::DepositMin(amount) => policy.deposit_min = amount,
            Self::DepositMax(amount) => policy.deposit_max = amount,
            Self::OpenMax(max) => {
                policy.orders_open_max = max;
                policy.deposits_open_max = max;
            }
            Self::Lifetimes(secs) => {
                policy.quote_lifetime_secs = secs;
                policy.order_timeout_secs = secs;
                policy.cancel_grace_secs = secs;
                policy.purchase_wait_secs = secs;
                policy.forget_codes_after_days = secs;
                policy.deposit_lifetime_secs = secs;
            }
            Self::NoLimits => {
                policy.prices.price_min = Amount::from_micros(i64::MIN);
                policy.prices.price_max = Amount::MAX;
                policy.prices.margin_min = Amount::ZERO;
                policy.prices.price_step = Amount::from_micros(1);
                policy.deposit_min = Amount::from_micros(i64::MIN);
                policy.deposit_max = Amount::MAX;
            }
            Self::Referrals(enabled) => policy.referrals.enabled = enabled,
            Self::Reset => *policy = self::policy(),
        }
    }
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        1 => any::<bool>().prop_map(Turn::Selling),
        1 => amount().prop_map(Turn::PriceMin),
        1 => amount().prop_map(Turn::PriceMax),
        1 => amount().prop_map(Turn::MarginMin),
        1 => amount().prop_map(Turn::PriceStep),
        1 => amount().prop_map(Turn::DepositMin),
        1 => amount().prop_map(Turn::DepositMax),
        1 => select(vec![0, 1, 3, u32::MAX]).prop_map(Turn::OpenMax),
        1 => select(vec![0, 1, 60, u32::MAX]).prop_map(Turn::Lifetimes),
        2 => any::<bool>().prop_map(Turn::Referrals),
        4 => Just(Turn::NoLimits),
        8 => Just(Turn::Reset),
    ]
}

pub fn policy() -> Policy {
    Policy {
        admins: ADMINS.map(UserId).into(),
        selling: true,
        prices: PriceLimits {
            price_min: Amount::from_micros(150_000),
            price_max: Amount::from_micros(1_000_000),
            margin_min: Amount::from_micros(10_000),
            price_step: Amount::from_micros(10_000),
        },
        quote_lifetime_secs: 120,
        order_timeout_secs: 600,
        cancel_grace_secs: 300,
        orphans_cancelled: true,
        purchase_wait_secs: 60,
        second_try: true,
        second_try_margin_secs: 1,
        forget_codes_after_days: 30,
        orders_open_max: 3,
        deposit_min: Amount::from_micros(1_000_000),
        deposit_max: Amount::from_micros(500_000_000),
        deposit_lifetime_secs: 3_600,
        deposits_open_max: 3,
        methods: [
            (usdt(), MethodPolicy { unique_cents: true, ..MethodPolicy::default() }),
            (stars(), MethodPolicy { stars: true, ..MethodPolicy::default() }),
        ]
        .into(),
        auto_approve_below: Some(Amount::from_micros(1_100_000)),
        stars_rate: StarsRate::from_micros(50_000_000).unwrap(),
        admin_group: None,
        two_admins_above: Some(Amount::from_micros(1_900_000)),
        limits: Limits::default(),
        resends: ResendLimits { max: 3, offered_secs: 1_200, wait_secs: 600 },
        referrals: Referrals { enabled: true, percent: 10, max: Amount::from_micros(150_000) },
    }
}

pub fn usdt() -> MethodKey {
    MethodKey::new("usdt").unwrap()
}

pub fn stars() -> MethodKey {
    MethodKey::new("stars").unwrap()
}

/// Any command with any arguments.
fn noise() -> impl Strategy<Value = Command> {
    prop_oneof![
        shopping(),
        paying(),
        steering(),
        speaking(),
        paying_in_stars(),
        vendors(),
        (order_id(), resend_step()).prop_map(|(order, step)| Command::Resend { order, step }),
        order_id().prop_map(|order| Command::OrderDeadline { order }),
        order_id().prop_map(|quote| Command::QuoteDeadline { quote }),
        deposit_id().prop_map(|deposit| Command::DepositDeadline { deposit }),
        (effect(), 0_u64..60, message()).prop_map(|(effect, made, message)| {
            Command::Granted { effect, made: Seq(made), message }
        }),
        Just(Command::ForgetCodes),
        (person(), select(vec![Sale::Open, Sale::Draining, Sale::Off])).prop_map(
            |(admin, sale)| {
                Command::SetSale { admin, provider: ProviderId::new("mock").unwrap(), sale }
            }
        ),
        any::<[u8; 1]>()
            .prop_map(|[byte]| Command::ActivateRules(RulesVersion([byte % 2; 8]).into())),
    ]
}

fn shopping() -> impl Strategy<Value = Command> {
    prop_oneof![
        (person(), any::<String>()).prop_map(|(id, name)| {
            Command::Welcome(Profile { id, name, username: None, language: None })
        }),
        (person(), amount()).prop_map(|(customer, amount)| {
            Command::Ask { customer, prompt: Some(Prompt::DepositMethod(amount)) }
        }),
        (person(), any::<bool>())
            .prop_map(|(customer, reachable)| { Command::SetReachable { customer, reachable } }),
        offer().prop_map(Command::OfferQuote),
        (person(), order_id(), message()).prop_map(|(customer, quote, card)| Command::PlaceOrder {
            customer,
            quote,
            card
        }),
        (person(), order_id())
            .prop_map(|(customer, order)| Command::CancelOrder { customer, order }),
    ]
}

fn paying() -> impl Strategy<Value = Command> {
    let method = select(vec!["usdt", "cash"]).prop_map(|key| MethodKey::new(key).unwrap());
    prop_oneof![
        (deposit_id(), person(), amount(), method).prop_map(|(id, customer, amount, method)| {
            Command::OpenDeposit { id, customer, amount, method, card: None }
        }),
        (person(), deposit_id(), any::<bool>()).prop_map(|(customer, deposit, auto)| {
            Command::SubmitDeposit { customer, deposit, auto }
        }),
        (person(), deposit_id())
            .prop_map(|(admin, deposit)| Command::ApproveDeposit { admin, deposit }),
        (person(), deposit_id(), any::<u8>()).prop_map(|(customer, deposit, choice)| {
            let (reference, auto) = (payment(choice), choice > 127);
            Command::TellReference { customer, deposit, reference, auto }
        }),
        (person(), deposit_id(), any::<bool>()).prop_map(|(customer, deposit, document)| {
            let picture = Picture { file_id: "f".to_owned(), document };
            Command::SendPicture { customer, deposit, picture }
        }),
        (person(), deposit_id(), any::<Option<String>>()).prop_map(|(admin, deposit, reason)| {
            Command::RejectDeposit { admin, deposit, reason }
        }),
    ]
}

fn paying_in_stars() -> impl Strategy<Value = Command> {
    let charge = || (0_u8..64).prop_map(charge);
    prop_oneof![
        (person(), proptest::option::of(deposit_id()), 20_u64..24, charge(), any::<u32>())
            .prop_map(|(customer, deposit, spare, charge, count)| {
                let spare = DepositId::from_bits(spare);
                Command::StarsPaid { customer, deposit, spare, charge, count }
            }),
        (person(), person(), deposit_id()).prop_map(|(admin, customer, deposit)| {
            Command::ReturnStars { admin, customer, deposit }
        }),
        deposit_id().prop_map(|deposit| Command::StarsReturned { deposit }),
        deposit_id().prop_map(|deposit| Command::StarsKept { deposit }),
        (person(), person()).prop_map(|(customer, referrer)| Command::Refer { customer, referrer }),
        (20_u64..24, person(), person(), deposit_id(), any::<bool>()).prop_map(
            |(id, customer, referrer, deposit, first)| {
                let id = AdjustmentId::from_bits(id);
                Command::RewardReferral { id, customer, referrer, deposit, first }
            }
        ),
        (30_u64..34, 20_u64..24, person(), person(), deposit_id()).prop_map(
            |(id, reward, customer, referrer, deposit)| {
                let (id, reward) = (AdjustmentId::from_bits(id), AdjustmentId::from_bits(reward));
                Command::TakeBackReward { id, reward, customer, referrer, deposit }
            }
        ),
    ]
}

/// What is said to customers, and what they say that costs nothing.
fn speaking() -> impl Strategy<Value = Command> {
    let id = || (0_u64..2).prop_map(BroadcastId::from_bits);
    let whom = vec((person(), select(vec![Delivery::Sent, Delivery::Unreachable])), 0..3);
    let step =
        prop_oneof![
            (id(), person(), any::<String>())
                .prop_map(|(id, admin, text)| BroadcastStep::Propose { id, admin, text }),
            (person(), id(), 0_u64..4, message()).prop_map(|(admin, id, recipients, card)| {
                BroadcastStep::Start { admin, id, recipients, card }
            }),
            (person(), id(), any::<bool>()).prop_map(|(admin, id, on)| BroadcastStep::Pause {
                admin,
                id,
                on
            }),
            (person(), id()).prop_map(|(admin, id)| BroadcastStep::Cancel { admin, id }),
            (id(), proptest::option::of(person()), whom)
                .prop_map(|(id, upto, deliveries)| BroadcastStep::Record { id, upto, deliveries }),
            id().prop_map(|id| BroadcastStep::Finish { id }),
        ];
    prop_oneof![
        4 => step.prop_map(Command::Broadcast),
        1 => person().prop_map(|customer| Command::AcceptTerms { customer }),
        1 => person().prop_map(|customer| Command::ChooseLanguage {
            customer,
            language: "es".to_owned()
        }),
        1 => (0_i64..4, any::<bool>())
            .prop_map(|(day, send)| Command::ReportDay { day: Day(day), send }),
        1 => (person(), any::<bool>()).prop_map(|(admin, on)| {
            Command::SetService { admin, service: ServiceKey::new("ring4").unwrap(), on }
        }),
    ]
}

fn resend_step() -> impl Strategy<Value = ResendStep> {
    let code = select(vec!["12345", "67890", ""]);
    prop_oneof![
        (person(), any::<bool>())
            .prop_map(|(customer, offered)| ResendStep::Request { customer, offered }),
        (0_u32..3).prop_map(|seen| ResendStep::Start { seen }),
        (select(vec!["v0", "v1", ""]), amount()).prop_map(|(vendor_order, cost)| {
            let provider = ProviderId::new("mock").unwrap();
            ResendStep::Wait { provider, vendor_order: vendor_order.to_owned(), cost }
        }),
        any::<bool>().prop_map(|priced| ResendStep::Refuse { priced }),
        Just(ResendStep::Clear),
        code.prop_map(|code| ResendStep::Arrive { code: code.into(), text: None }),
        Just(ResendStep::Deadline),
    ]
}

/// Adjustments by few ids, so that they collide, and what else admins do by hand.
fn steering() -> impl Strategy<Value = Command> {
    let id = || (0_u64..4).prop_map(AdjustmentId::from_bits);
    prop_oneof![
        (person(), order_id(), any::<bool>()).prop_map(|(customer, order, refundable)| {
            Command::RequestRefund { customer, order, reason: None, refundable }
        }),
        (person(), order_id()).prop_map(|(admin, order)| Command::ApproveRefund { admin, order }),
        (person(), order_id()).prop_map(|(admin, order)| Command::RejectRefund {
            admin,
            order,
            reason: None
        }),
        (id(), person(), customer(), amount()).prop_map(|(id, admin, customer, amount)| {
            let reason = "why".to_owned();
            Command::ProposeAdjustment { id, admin, customer, amount, reason }
        }),
        (person(), id(), customer()).prop_map(|(admin, id, customer)| Command::BookAdjustment {
            admin,
            id,
            customer
        }),
        (person(), any::<bool>())
            .prop_map(|(admin, on)| { Command::SetMaintenance { admin, on, text: String::new() } }),
        (person(), customer(), any::<bool>()).prop_map(|(admin, customer, block)| match block {
            true => Command::BlockCustomer { by: Some(admin), customer, reason: String::new() },
            false => Command::UnblockCustomer { admin, customer },
        }),
    ]
}

fn vendors() -> impl Strategy<Value = Command> {
    let vendor_order = || select(vec!["v0", "v1", ""]);
    let reason = select(vec![FailReason::OutOfStock, FailReason::PriceMoved]);
    let code = select(vec!["12345", "", " "]);
    prop_oneof![
        (order_id(), 0_u8..3)
            .prop_map(|(order, candidate)| Command::StartPurchase { order, candidate }),
        (order_id(), vendor_order(), amount()).prop_map(|(order, vendor_order, cost)| {
            Command::PurchaseBought { order, purchase: purchase(vendor_order, cost) }
        }),
        (order_id(), 0_u8..3, reason).prop_map(|(order, candidate, reason)| {
            Command::PurchaseRefused { order, candidate, reason }
        }),
        (order_id(), 0_u8..3)
            .prop_map(|(order, candidate)| Command::PurchaseUnclear { order, candidate }),
        order_id().prop_map(|order| Command::PurchaseNotFound { order }),
        order_id().prop_map(|order| Command::PurchaseDoubtful { order }),
        (person(), order_id()).prop_map(|(admin, order)| Command::ReleasePurchase { admin, order }),
        (person(), order_id(), vendor_order(), amount()).prop_map(
            |(admin, order, vendor_order, cost)| Command::AdoptPurchase {
                admin,
                order,
                purchase: purchase(vendor_order, cost)
            }
        ),
        (order_id(), vendor_order(), code).prop_map(|(order, vendor_order, code)| {
            let (vendor_order, code) = (vendor_order.to_owned(), code.into());
            Command::CodeArrived { order, vendor_order, code, text: None }
        }),
        order_id().prop_map(|order| Command::CodeOverdue { order }),
        order_id().prop_map(|order| Command::ReturnUnconfirmed { order }),
        order_id().prop_map(|order| Command::ReturnDenied { order }),
        (person(), order_id(), any::<bool>())
            .prop_map(|(admin, order, kept)| Command::SettleReturn { admin, order, kept }),
        (order_id(), vendor_order()).prop_map(|(order, vendor_order)| {
            Command::PurchaseReturned { order, vendor_order: vendor_order.to_owned() }
        }),
    ]
}

pub fn purchase(vendor_order: &str, cost: Amount) -> Purchase {
    Purchase {
        candidate: 0,
        provider: ProviderId::new("mock").unwrap(),
        vendor_order: vendor_order.to_owned(),
        number: "+15550100".into(),
        cost,
        bought_at: Timestamp(0),
    }
}

pub fn offer() -> impl Strategy<Value = Proposal> {
    let candidate = Candidate {
        provider: ProviderId::new("mock").unwrap(),
        service: ServiceKey::new("ring4").unwrap(),
        vendor_service: "1574".to_owned(),
        cost: Amount::from_micros(240_000),
    };
    let price = prop_oneof![
        8 => (0_i64..600_000).prop_map(|micros| (Amount::from_micros(micros), Amount::ZERO)),
        2 => (amount(), amount()),
        1 => Just((Amount::ZERO, Amount::ZERO)),
    ];
    let count = prop_oneof![1 => select(vec![0, 255, 256]), 60 => 1_usize..4];
    (order_id(), customer(), price, count).prop_map(
        move |(id, customer, (proposed, cost), vendors)| Proposal {
            id,
            customer,
            service: ServiceKey::new("ring4").unwrap(),
            country: Country::US,
            proposed,
            cost,
            candidates: candidates(&candidate, vendors),
            rules: RulesVersion([1; 8]),
        },
    )
}

/// Two vendors that take turns.
fn candidates(candidate: &Candidate, count: usize) -> Vec<Candidate> {
    let provider = |place| if place % 2 == 0 { "mock" } else { "smspool" };
    let of = |place| Candidate {
        provider: ProviderId::new(provider(place)).unwrap(),
        ..candidate.clone()
    };
    (0..count).map(of).collect()
}

fn effect() -> impl Strategy<Value = Effect> {
    (order_id(), deposit_id(), person(), 0_u8..13).prop_map(|(order, deposit, admin, kind)| {
        match kind {
            0 => Effect::Buy(order),
            1 => Effect::FindPurchase(order),
            2 => Effect::CancelPurchase(order),
            3 => Effect::ShowOrder(order),
            4 => Effect::RingCode(order),
            5 => Effect::TellOrderEnded(order),
            6 => Effect::ShowDeposit(deposit),
            7 => Effect::TellDepositDecided(deposit),
            8 => Effect::ShowDepositToAdmin(deposit, admin),
            9 => Effect::ShowLostToAdmin(order, admin),
            10 => Effect::ShowUnreturnedToAdmin(order, admin),
            11 => Effect::ShowRefundToAdmin(order, admin),
            _ => Effect::DropKeys,
        }
    })
}

/// One of few payments, so that two deposits name the same now and then.
pub fn payment(choice: u8) -> Reference {
    Reference::find(&format!("payment{}", choice % 4)).unwrap()
}

pub fn order_id() -> impl Strategy<Value = OrderId> {
    (0..ORDERS).prop_map(OrderId::from_bits)
}

pub fn deposit_id() -> impl Strategy<Value = DepositId> {
    (0..DEPOSITS).prop_map(DepositId::from_bits)
}

pub fn customer() -> impl Strategy<Value = UserId> {
    (1..=CUSTOMERS).prop_map(UserId)
}

/// Customers, admins, and someone who is neither.
fn person() -> impl Strategy<Value = UserId> {
    let admin = select(ADMINS.to_vec()).prop_map(UserId);
    prop_oneof![3 => customer(), 2 => admin, 1 => Just(UserId(-7))]
}

pub fn message() -> impl Strategy<Value = Option<MessageId>> {
    proptest::option::of((0_i32..4).prop_map(MessageId))
}

pub fn amount() -> impl Strategy<Value = Amount> {
    const MILLION: i64 = 1_000_000_000_000;
    prop_oneof![
        4 => 0_i64..2_000_000,
        4 => (0_i64..500).prop_map(|cents| cents * 10_000),
        2 => select(vec![i64::MIN, -1, 0, 1, MILLION, MILLION + 1, i64::MAX - 1, i64::MAX]),
        1 => any::<i64>(),
    ]
    .prop_map(Amount::from_micros)
}
