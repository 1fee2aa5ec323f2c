//! The helpdesk's box as somebody types into it: names, addresses, numbers of devices and certificates, whole and in
//! part, and words that very many have; by the whole organisation, and by a role that is limited to a group.

use certporter_model::access::{Caller, Grant, Role};
use certporter_model::{AccountId, Timestamp};

use super::super::CommandError;
use super::figures::{Case, Figures};
use super::pages::percentile;
use super::search::{TARGET_MS, part};
use crate::clock::Stopwatch;
use crate::service::certificates::CertificateSummary;
use crate::service::devices::{self, DeviceSummary, DevicesQuery};
use crate::service::groups::{self, GroupsQuery};
use crate::service::helpdesk::search::{PeopleQuery, find};
use crate::service::portal::Portal;
use crate::store::fold;

/// Measures the box.
pub(super) async fn measure(
    portal: &Portal,
    caller: &Caller,
    sought: &[CertificateSummary],
    figures: &mut Figures,
) -> Result<(), CommandError> {
    let query = DevicesQuery { limit: Some(60), ..DevicesQuery::default() };
    let devices = devices::list(portal, caller, &query).await?.data;
    let kinds = kinds(sought, &devices);
    for (name, typed) in &kinds {
        let finds = !(name.contains("short") || name.contains("common"));
        figures.add(one(portal, caller, name, typed, finds).await?);
    }
    let group =
        groups::list(portal, caller, &GroupsQuery { limit: Some(1), ..GroupsQuery::default() }).await?;
    if let Some(group) = group.data.first() {
        let desk = desk(group.id);
        let all: Vec<String> = kinds.iter().flat_map(|(_, typed)| typed.iter().take(20).cloned()).collect();
        figures.add(one(portal, &desk, "helpdesk-of-a-group", &all, false).await?);
    }
    Ok(())
}

async fn one(
    portal: &Portal,
    caller: &Caller,
    name: &'static str,
    typed: &[String],
    finds: bool,
) -> Result<Case, CommandError> {
    let mut took = Vec::with_capacity(typed.len());
    for q in typed {
        let query = PeopleQuery { q: q.clone() };
        let watch = Stopwatch::start();
        let found = find(portal, caller, &query).await?;
        took.push(watch.elapsed().as_secs_f64() * 1000.0);
        if finds && found.people.is_empty() {
            return Err(format!("{name}: nobody is found for {q}").into());
        }
    }
    took.sort_by(f64::total_cmp);
    let case = Case::against(name, "ms p99", &[percentile(&took, 99)], &[TARGET_MS], took.len());
    Ok(case.with_median(&[percentile(&took, 50)]))
}

/// Somebody of the helpdesk for that group.
fn desk(group: certporter_model::GroupId) -> Caller {
    let id = AccountId::new(Timestamp::from_millis(1), [1; 10]);
    let grant = Grant { role: Role::Helpdesk, groups: Some(vec![group]) };
    Caller::account(id, "desk".to_owned(), vec![grant], None)
}

fn kinds(sought: &[CertificateSummary], devices: &[DeviceSummary]) -> Vec<(&'static str, Vec<String>)> {
    let users = || sought.iter().filter_map(|it| it.user.as_ref());
    let each = |of: &dyn Fn(&str) -> Option<String>, names: Vec<&str>| {
        names.into_iter().filter_map(of).collect::<Vec<_>>()
    };
    let display: Vec<&str> = users().map(|user| user.display_name.as_str()).collect();
    let names: Vec<&str> = users().map(|user| user.user_name.as_str()).collect();
    let machines: Vec<&str> =
        devices.iter().filter(|it| it.owner.is_some()).map(|it| it.name.as_str()).collect();
    let serials: Vec<&str> =
        devices.iter().filter(|it| it.owner.is_some()).filter_map(|it| it.serial_number.as_deref()).collect();
    let whole = |text: &str| Some(text.to_owned());
    let owned = sought.iter().filter(|it| it.user.is_some());
    vec![
        ("helpdesk-name", each(&whole, display.clone())),
        ("helpdesk-name-without-accents", each(&|text| Some(fold(text)), display.clone())),
        ("helpdesk-name-part", each(&|text| part(text, 1, 4), display.clone())),
        ("helpdesk-user-name", each(&whole, names.clone())),
        ("helpdesk-user-name-beginning", each(&|text| part(text, 0, 3), names.clone())),
        ("helpdesk-address", each(&|text| Some(format!("{text}@example.org")), names)),
        ("helpdesk-device", each(&whole, machines.clone())),
        ("helpdesk-device-part", each(&|text| part(text, 2, 5), machines)),
        ("helpdesk-device-serial", each(&whole, serials)),
        ("helpdesk-certificate-serial", owned.map(|it| it.serial.with_colons()).collect()),
        ("helpdesk-short", each(&|text| part(text, 0, 2), display)),
        ("helpdesk-short-of-nobody", ["qq", "zx", "\u{f1}\u{f1}", "7"].map(str::to_owned).into()),
        (
            "helpdesk-common",
            ["smith", "linux", "windows", "example", "tom", "kim sato"].map(str::to_owned).into(),
        ),
    ]
    .into_iter()
    .filter(|(_, typed)| !typed.is_empty())
    .collect()
}
