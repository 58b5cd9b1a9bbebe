//! Tone of a reminder.

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_db::schema::sql_types;
use serde::{Deserialize, Serialize};

/// The tone of a step, from friendly to formal.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[diesel(sql_type = sql_types::RelanceTone)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Friendly: it may have slipped their mind.
    Amical,
    /// Courteous.
    Courtois,
    /// Firm.
    Ferme,
    /// The formal notice, which a person approves before it leaves.
    MiseEnDemeure,
}

rubis_db::pg_enum!(Tone, sql_types::RelanceTone {
    Amical => "amical",
    Courtois => "courtois",
    Ferme => "ferme",
    MiseEnDemeure => "mise_en_demeure",
});
