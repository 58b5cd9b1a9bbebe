//! The joinery's clients and invoices.

/// A client of the joinery.
pub(super) struct DemoClient {
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) street: &'static str,
    pub(super) postal_code: &'static str,
    pub(super) city: &'static str,
    pub(super) siren: &'static str,
}

const TILLEULS: DemoClient = DemoClient {
    name: "SCI Les Tilleuls",
    email: "gestion@sci-les-tilleuls.example",
    street: "14 rue des Halles",
    postal_code: "37000",
    city: "Tours",
    siren: "412035677",
};
const DELMAS: DemoClient = DemoClient {
    name: "Delmas Architectes",
    email: "comptabilite@delmas-architectes.example",
    street: "3 quai du Châtelet",
    postal_code: "45000",
    city: "Orléans",
    siren: "809114234",
};
const AUGUSTINE: DemoClient = DemoClient {
    name: "Boulangerie Augustine",
    email: "bonjour@boulangerie-augustine.example",
    street: "27 rue du Commerce",
    postal_code: "41000",
    city: "Blois",
    siren: "502771884",
};
const POSTE: DemoClient = DemoClient {
    name: "Hôtel de la Poste",
    email: "direction@hotel-poste-amboise.example",
    street: "5 place Michel-Debré",
    postal_code: "37400",
    city: "Amboise",
    siren: "334581204",
};
const PRUVOST: DemoClient = DemoClient {
    name: "Garage Pruvost et Fils",
    email: "atelier@garage-pruvost.example",
    street: "62 route de Blois",
    postal_code: "41100",
    city: "Vendôme",
    siren: "449812064",
};

/// An invoice of the joinery. It is due so many days from now, before now if negative.
pub(super) struct DemoInvoice {
    pub(super) number: u32,
    pub(super) client: &'static DemoClient,
    pub(super) work: &'static str,
    pub(super) net_cents: u64,
    pub(super) due_in_days: i64,
    pub(super) paid: bool,
}

impl DemoInvoice {
    /// With 20 % of VAT; the net amounts are round enough for whole cents.
    pub(super) const fn total_cents(&self) -> u64 {
        self.net_cents / 5 * 6
    }
}

pub(super) const INVOICES: [DemoInvoice; 6] = [
    DemoInvoice {
        number: 148,
        client: &DELMAS,
        work: "Bibliothèque en chêne massif, pose comprise",
        net_cents: 1_070_000,
        due_in_days: 18,
        paid: false,
    },
    DemoInvoice {
        number: 141,
        client: &AUGUSTINE,
        work: "Comptoir de vente et présentoirs",
        net_cents: 197_000,
        due_in_days: 0,
        paid: false,
    },
    DemoInvoice {
        number: 136,
        client: &POSTE,
        work: "Réfection de six portes palières",
        net_cents: 432_300,
        due_in_days: -4,
        paid: false,
    },
    DemoInvoice {
        number: 129,
        client: &TILLEULS,
        work: "Remplacement d’une fenêtre sur cour",
        net_cents: 78_400,
        due_in_days: -12,
        paid: false,
    },
    DemoInvoice {
        number: 112,
        client: &PRUVOST,
        work: "Agencement de l’accueil et du bureau",
        net_cents: 306_000,
        due_in_days: -40,
        paid: false,
    },
    DemoInvoice {
        number: 131,
        client: &DELMAS,
        work: "Escalier droit en frêne",
        net_cents: 619_000,
        due_in_days: -9,
        paid: true,
    },
];
