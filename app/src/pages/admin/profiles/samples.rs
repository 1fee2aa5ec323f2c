//! Every page of profiles rendered from samples, with names that would break out if they were not escaped.

use certporter::service::assignments::AssignmentView;
use certporter::service::consequences::Consequences;
use certporter::service::profiles::{
    Follow, IssuingCa, MissingValue, ProfileVersionView, ProfileView, Reach, TriedName, TriedView,
};
use certporter::service::reference::{DeviceReference, GroupReference, UserReference};
use certporter_model::assignment::{AssignmentMode, HolderKind};
use certporter_model::profile::ProfileDraft;
use certporter_model::subject_alternative_name::{SanKind, SanText};
use certporter_model::{AssignmentId, DeviceId, FieldErrors, GroupId, ProfileId, UserId};
use http::StatusCode;
use leptos::prelude::AnyView;

use super::confirm::{Confirm, Way};
use super::editor::{Edited, Editor};
use super::editor_form::EditorForm;
use super::tried::{Candidate, Tried};
use super::{
    confirm, delete, detail, difference, editor, exchange, list, presets, stale, start, tried, versions,
};
use crate::pages::samples::{HOSTILE, ago, now, renderer, text};
use crate::ui::consequences::Shown;
use crate::ui::field::Typed;

fn profile_id() -> ProfileId {
    ProfileId::new(now(), [5; 10])
}

fn draft(name: &str) -> ProfileDraft {
    let mut draft = presets::named("network").map(presets::Preset::draft).unwrap();
    draft.name = name.to_owned();
    draft.description = format!("</textarea>{HOSTILE}");
    draft.subject = HOSTILE.to_owned();
    draft.template = HOSTILE.to_owned();
    draft.subject_alternative_names.push(SanText { kind: SanKind::Uri, value: HOSTILE.to_owned() });
    draft.extended_key_usages.push("1.2.3".to_owned());
    draft
}

fn sample_tried() -> Tried {
    let user = UserReference {
        id: UserId::new(now(), [1; 10]),
        user_name: "maria".to_owned(),
        display_name: HOSTILE.to_owned(),
    };
    let name = |kind: &str, value: Option<&str>| TriedName {
        kind: kind.to_owned(),
        value: value.map(str::to_owned),
        missing: vec![MissingValue { variable: "{{EmailAddress}}".to_owned(), belongs_to: HolderKind::User }],
        problem: Some(HOSTILE.to_owned()),
    };
    Tried {
        view: TriedView {
            user: Some(user),
            device: Some(DeviceReference { id: DeviceId::new(now(), [2; 10]), name: HOSTILE.to_owned() }),
            not_reached: Some(HOSTILE.to_owned()),
            subject: name("subject", Some(HOSTILE)),
            subject_alternative_names: vec![name("upn", Some(HOSTILE)), name("sid", None)],
            not_before: ago(600),
            not_after: now(),
            renew_from: now(),
            errors: Vec::new(),
        },
        usages: (vec!["Digital signature".to_owned()], vec!["Client authentication".to_owned()]),
        search: HOSTILE.to_owned(),
        candidates: vec![Candidate { value: "device:1".to_owned(), words: HOSTILE.to_owned() }],
        chosen: "device:1".to_owned(),
    }
}

fn sample_editor() -> Editor {
    let mut form = EditorForm::of(draft(HOSTILE), "now");
    form.ca = HOSTILE.to_owned();
    let mut errors = FieldErrors::one("name", HOSTILE);
    errors.add("subject_alternative_names[1]", HOSTILE);
    Editor {
        edited: Some(Edited { id: profile_id(), name: HOSTILE.to_owned(), version: 3, base: 2 }),
        typed: Typed { values: form, errors },
        tried: sample_tried(),
        cas: vec![IssuingCa { name: HOSTILE.to_owned(), kind: "builtin".to_owned(), days_left: Some(1800) }],
        notice: Some(HOSTILE.to_owned()),
    }
}

fn view() -> ProfileView {
    ProfileView {
        id: profile_id(),
        current_version: 2,
        profile: draft(HOSTILE),
        on_edit: "now".to_owned(),
        on_attribute_change: "at_renewal".to_owned(),
        created_at: ago(9_000),
        updated_at: ago(60),
        version: 2,
        reach: Reach { included_groups: 1, excluded_groups: 1, certificates: 1000, more_certificates: true },
    }
}

fn version(number: i64, name: &str) -> ProfileVersionView {
    ProfileVersionView {
        version: number,
        profile: draft(name),
        on_edit: "now".to_owned(),
        on_attribute_change: "now".to_owned(),
        created_by: HOSTILE.to_owned(),
        created_at: ago(60),
    }
}

fn sample_list(rows: usize) -> list::List {
    let row = |_| list::Row {
        id: profile_id(),
        name: HOSTILE.to_owned(),
        version: 2,
        reach: Reach::default(),
        changed: ago(60),
    };
    list::List {
        filter: list::Filter { deleted: HOSTILE.to_owned(), ..list::Filter::default() },
        rows: (0..rows).map(row).collect(),
        next: None,
        may_write: true,
    }
}

fn sample_detail() -> detail::Profile {
    let group = GroupReference { id: GroupId::new(now(), [3; 10]), name: HOSTILE.to_owned() };
    detail::Profile {
        view: view(),
        assignments: vec![AssignmentView {
            id: AssignmentId::new(now(), [4; 10]),
            group,
            mode: AssignmentMode::Exclude,
            valid_from: ago(60),
        }],
        versions: versions::Versions {
            below: None,
            current: 2,
            found: vec![version(2, HOSTILE), version(1, "Wi-Fi")],
        },
        may_write: true,
        shown: detail::Shown::default(),
    }
}

fn sample_confirm() -> Confirm {
    let way = |follow, digest_field| Way { follow, digest_field, consequences: Consequences::default() };
    let mut ways = [way(Follow::Now, "digest_now"), way(Follow::AtRenewal, "digest_at_renewal")];
    ways[0].consequences.summary.reissued = 37;
    ways[0].consequences.digest = "00".repeat(32).parse().unwrap();
    Confirm {
        id: profile_id(),
        name: HOSTILE.to_owned(),
        number: 3,
        differences: difference::differences(&draft("Wi-Fi"), &draft(HOSTILE)),
        attribute_change: Some("at_renewal".to_owned()),
        ways,
        chosen: String::new(),
        errors: FieldErrors::one("on_edit", "choose when the certificates follow"),
        changed: true,
        fields: vec![("name".to_owned(), HOSTILE.to_owned())],
    }
}

fn sample_conflict() -> stale::Conflict {
    stale::Conflict {
        id: profile_id(),
        name: HOSTILE.to_owned(),
        by: HOSTILE.to_owned(),
        at: ago(60),
        number: 4,
        rows: stale::rows(&draft("base"), &draft("theirs"), &draft(HOSTILE)),
        fields: vec![("name".to_owned(), HOSTILE.to_owned())],
    }
}

async fn every_page() -> Vec<String> {
    let (_folder, renderer) = renderer(Some(HOSTILE));
    let pages: Vec<fn() -> AnyView> = vec![
        || list::page(sample_list(2)),
        || list::page(sample_list(0)),
        start::page,
        || editor::page(sample_editor()),
        || detail::page(sample_detail()),
        || {
            versions::page(versions::Version {
                id: profile_id(),
                name: HOSTILE.to_owned(),
                current: 2,
                view: version(1, HOSTILE),
                changed: Some(difference::differences(&draft("Wi-Fi"), &draft(HOSTILE))),
                may_write: true,
            })
        },
        || confirm::page(sample_confirm()),
        || stale::page(sample_conflict()),
        || delete::page(view(), Shown::default()),
        || {
            let errors = FieldErrors::one("json", HOSTILE);
            exchange::page(Typed { values: format!("</textarea>{HOSTILE}"), errors })
        },
    ];
    let mut texts = Vec::new();
    for page in pages {
        texts.push(text(renderer.page(StatusCode::OK, page).await).await);
    }
    let part = renderer.part(|| tried::part(sample_tried()));
    assert!(!part.contains("<script>"), "{part}");
    texts
}

#[tokio::test]
async fn what_people_type_never_becomes_markup() {
    for page in every_page().await {
        assert!(!page.contains("<script>") && page.contains("Zoë"), "{page}");
        assert!(!page.contains("</textarea><script"), "{page}");
        assert_eq!(page.matches("<h1").count(), 1, "{page}");
        assert!(!page.contains("style=\""), "the policy forbids inline styles: {page}");
    }
}

#[tokio::test]
async fn the_step_before_saving_shows_both_ways_and_carries_what_was_typed() {
    let (_folder, renderer) = renderer(Some("admin"));
    let page = text(renderer.page(StatusCode::OK, || confirm::page(sample_confirm())).await).await;
    for part in ["37 certificates will be reissued", "name=\"digest_now\"", "value=\"at_renewal\""] {
        assert!(page.contains(part), "{part} is not on {page}");
    }
    let alike = || {
        let mut same = sample_confirm();
        same.ways[0].consequences = same.ways[1].consequences.clone();
        confirm::page(same)
    };
    let page = text(renderer.page(StatusCode::OK, alike).await).await;
    assert!(!page.contains("type=\"radio\""), "there is nothing to choose: {page}");
}

#[test]
fn a_clash_is_a_field_that_both_changed() {
    let rows = stale::rows(&draft("base"), &draft("theirs"), &draft("mine"));
    assert_eq!(rows.len(), 1);
    assert!(rows[0].clashes() && rows[0].label == "Name");
    let rows = stale::rows(&draft("base"), &draft("theirs"), &draft("base"));
    assert!(!rows[0].clashes());
}
