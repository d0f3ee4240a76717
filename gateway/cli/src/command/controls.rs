//! `sealane controls list|show`: NIST SP 800-53 controls, who carries them, and how far the product meets them.

use anyhow::Context;
use clap::Subcommand;
use sealane_controls::{Catalogue, Control, ControlId, Responsibility, Statement, Status};
use serde_json::json;

use crate::output::{Format, print, table};

#[derive(Debug, Subcommand)]
pub(super) enum ControlsCommand {
    /// Every control of the MODERATE baseline, with who carries it and what is said of it.
    List {
        /// Only those that the product carries, alone or with the institution, and says nothing of yet.
        #[arg(long)]
        gap: bool,
    },
    /// One control: how it is met, what is missing, which tests show it.
    Show {
        /// Its id, such as AU-9 or 'AU-9(3)'.
        control: ControlId,
    },
}

pub(super) fn run(command: ControlsCommand, format: Format) -> anyhow::Result<()> {
    let catalogue = Catalogue::load()?;
    match command {
        ControlsCommand::List { gap } => list(&catalogue, gap, format),
        ControlsCommand::Show { control } => show(&catalogue, control, format),
    }
}

fn list(catalogue: &Catalogue, gap: bool, format: Format) -> anyhow::Result<()> {
    let controls: Vec<&Control> = if gap { catalogue.gap().collect() } else { catalogue.iter().collect() };
    print(format, &controls, |controls| {
        let rows: Vec<[String; 4]> = controls
            .iter()
            .map(|control| {
                let status = catalogue.statement(control.id).map_or("-", |statement| word(statement.status));
                [
                    control.id.to_string(),
                    carrier(control.responsibility).to_owned(),
                    status.to_owned(),
                    control.title.clone(),
                ]
            })
            .collect();
        table(["control", "carried by", "stated", "title"], &rows)
    })
}

fn show(catalogue: &Catalogue, id: ControlId, format: Format) -> anyhow::Result<()> {
    let control = catalogue.find(id).with_context(|| {
        format!("{id} is not in the catalogue, which holds the MODERATE baseline\n  next: sealane controls list")
    })?;
    let statement = catalogue.statement(id);
    print(format, &json!({ "control": control, "statement": statement }), |_| {
        let mut text = format!("{} {}\n  carried by  {}\n", control.id, control.title, carrier(control.responsibility));
        match statement {
            Some(statement) => text.push_str(&said(statement)),
            None => text.push_str("  stated      nothing yet\n"),
        }
        text
    })
}

fn said(statement: &Statement) -> String {
    let mut text = format!("  stated      {}\n  how         {}\n", word(statement.status), statement.how);
    if let Some(missing) = &statement.missing {
        text.push_str(&format!("  missing     {missing}\n"));
    }
    if let Some(site) = &statement.site {
        text.push_str(&format!("  yours to do {site}\n"));
    }
    for evidence in &statement.evidence {
        text.push_str(&format!("  shown by    {evidence}\n"));
    }
    text
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Met => "met",
        Status::Partly => "partly",
    }
}

const fn carrier(responsibility: Responsibility) -> &'static str {
    match responsibility {
        Responsibility::Product => "product",
        Responsibility::Shared => "both",
        Responsibility::Customer => "institution",
    }
}
