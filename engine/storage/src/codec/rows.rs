//! Rows that exist in the state only, and their bytes. The state and its readers use these.

use ring4_domain::change::Seq;
use ring4_domain::day::Day;
use ring4_domain::effect::Effect;
use ring4_domain::ids::{RulesVersion, UserId};
use ring4_domain::ledger::{Account, AccountId};

use super::{Coded, DecodeError, In, Out, record};
use crate::journal::{Hash, Head};

/// An entry as the journal holds it: to show history, and to mend the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryCopy {
    /// The journal frame's body.
    pub body: Vec<u8>,
    /// The chain's hash after it.
    pub hash: Hash,
}

/// An account with its id, so that a scan needs no parser for keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountRow {
    pub id: AccountId,
    pub account: Account,
}

/// A wish with the entry that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WishRow {
    pub effect: Effect,
    pub made: Seq,
}

/// What of a customer is open. Counted as it changes: counting the index on every command would
/// walk over the tombstones of all orders that ever closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub customer: UserId,
    pub orders_open: u32,
    pub deposits_open: u32,
}

impl Tally {
    /// Nothing is open.
    pub(crate) const fn none(customer: UserId) -> Self {
        Self { customer, orders_open: 0, deposits_open: 0 }
    }
}

/// What is in the shop, for dashboards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Totals {
    /// Customers ever seen.
    pub customers: u64,
    /// Orders that are open.
    pub orders_open: u64,
    /// Deposits whose instructions are shown.
    pub deposits_opened: u64,
    /// Deposits that wait for an admin.
    pub deposits_submitted: u64,
    /// Wishes in the outbox.
    pub wishes: u64,
}

/// The live rule set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RulesRow {
    pub version: RulesVersion,
    pub since: Seq,
}

/// A rule set that was live at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RulesSeen {
    pub version: RulesVersion,
}

/// Up to where numbers and codes are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ForgottenRow {
    /// The first day that is not.
    pub before: Day,
}

/// The local day of the last report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReportedRow {
    pub day: Day,
}

/// How far the state has come. Every keyspace holds one and all must agree, because the store
/// below may lose a whole keyspace, or the newest part of one, and still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Version of the key layout.
    pub schema: u32,
    /// The last entry applied, and the chain's hash after it.
    pub head: Head,
}

impl Coded for EntryCopy {
    fn write(&self, out: &mut Out<'_>) {
        write_entry_copy(&self.body, self.hash, out);
    }

    fn read(input: &mut In<'_>) -> Result<Self, DecodeError> {
        let (body, hash) = read_entry_copy(input)?;
        Ok(Self { body: body.to_vec(), hash })
    }
}

/// The bytes of an [`EntryCopy`], whose body is long and need not be copied for this.
pub(super) fn write_entry_copy(body: &[u8], hash: Hash, out: &mut Out<'_>) {
    out.list(2);
    out.bytes(body);
    hash.write(out);
}

/// Reads what [`write_entry_copy`] wrote.
pub(super) fn read_entry_copy<'a>(input: &mut In<'a>) -> Result<(&'a [u8], Hash), DecodeError> {
    input.list_of("entry copy", 2)?;
    Ok((input.bytes("entry copy")?, Hash::read(input)?))
}

impl Coded for Hash {
    fn write(&self, out: &mut Out<'_>) {
        out.bytes(&self.0);
    }

    fn read(input: &mut In<'_>) -> Result<Self, DecodeError> {
        let bytes = input.bytes("hash")?;
        bytes.try_into().map(Self).map_err(|_| DecodeError::Malformed("hash"))
    }
}

/// Index rows say everything by their key.
impl Coded for () {
    fn write(&self, out: &mut Out<'_>) {
        out.list(0);
    }

    fn read(input: &mut In<'_>) -> Result<Self, DecodeError> {
        input.list_of("index", 0)
    }
}

record!(AccountRow { id, account });
record!(WishRow { effect, made });
record!(Tally { customer, orders_open, deposits_open });
record!(Totals { customers, orders_open, deposits_opened, deposits_submitted, wishes });
record!(RulesRow { version, since });
record!(RulesSeen { version });
record!(ForgottenRow { before });
record!(ReportedRow { day });
record!(Head { seq, hash });
record!(Mark { schema, head });
