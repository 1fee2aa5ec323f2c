//! `/helpdesk/people/{id}`: a person on one page: what is wrong now, what is on which device, what can be done, and what
//! happened, moving as it happens.

use certporter::service::helpdesk::PersonView;
use certporter::service::helpdesk::diagnosis::Severity;
use certporter_model::UserId;
use certporter_model::device::UserState;
use leptos::prelude::*;

use super::act::Act;
use super::device_acts::device_table;
use super::findings::{Findings, May};
use super::grid::Grid;
use super::history::{History, Shown as Past};
use super::subject::Subject;
use crate::islands::live::Live;
use crate::pages::address;
use crate::ui::facts::{Fact, Facts, Section};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::status::State;
use crate::ui::time::PerhapsMoment;

/// What is shown of a person.
#[derive(Debug, Clone)]
pub struct Person {
    /// What is wrong, and how everything stands.
    pub view: PersonView,
    /// Their UPN, or else their e-mail address.
    pub address: Option<String>,
    /// What happened.
    pub past: Past,
    /// What the caller may do.
    pub may: May,
}

/// The page. `done` is the word of what was just done.
pub fn page(person: Person, done: &str) -> AnyView {
    let user = person.view.user.clone();
    let title = user.display_name.clone();
    let lead = match &person.address {
        Some(address) => format!("{}, {address}.", user.user_name),
        None => format!("{}.", user.user_name),
    };
    let here = format!("/helpdesk/people/{}", user.id);
    let device = person.past.device.map(|id| id.to_string()).unwrap_or_default();
    let source = address(&format!("{here}/events"), &[("device", &device)]);
    let notice = Act::from_word(done).map(|act| {
        view! {
            <Notice tone=Tone::Good>
                <p>{act.done()}</p>
            </Notice>
        }
    });
    let buttons = buttons(&person, user.id);
    view! {
        <Page title=title.clone() task=Some(Task::Helpdesk) island=true>
            <Heading title lead within=("/helpdesk", "Helpdesk")>
                {buttons}
            </Heading>
            {notice}
            <Live source>{part(person)}</Live>
        </Page>
    }
    .into_any()
}

/// What is done with the person as a whole.
fn buttons(person: &Person, user: UserId) -> AnyView {
    let act = match person.view.state {
        UserState::Enabled => Some(Act::BlockPerson),
        UserState::Blocked => Some(Act::UnblockPerson),
        UserState::Disabled | UserState::Deleted => None,
    };
    let act = act.filter(|_| person.may.block_person);
    view! {
        <div class="actions">
            <a class="btn" href=format!("/users/{user}")>
                "All that is known"
            </a>
            {person
                .may
                .sign_in_code
                .then(|| {
                    view! {
                        <LinkButton
                            to=format!("/helpdesk/people/{user}/sign-in-code")
                            icon="key-round"
                            label="Sign-in code for self-service"
                        />
                        <LinkButton
                            to=format!("/helpdesk/people/{user}/confirmations")
                            icon="shield-check"
                            label="What waits to be confirmed"
                        />
                    }
                })}
            {act
                .map(|act| {
                    view! {
                        <a class="btn" href=act.address(Subject::Person(user), user)>
                            <Icon name=act.icon()/>
                            {act.words()}
                        </a>
                    }
                })}
        </div>
    }
    .into_any()
}

/// The part of the page that moves by itself.
pub fn part(person: Person) -> AnyView {
    let Person { view, past, may, .. } = person;
    let PersonView { user, state, findings, grid } = view;
    let of = Subject::Person(user.id);
    let problems = findings.iter().filter(|finding| finding.severity == Severity::Problem).count();
    let seen = grid.devices.iter().filter_map(|device| device.last_contact_at).max();
    let count = grid.devices.len();
    let table = (count > 0).then(|| device_table(grid.devices.clone(), of, may));
    view! {
        <Facts>
            <Fact name="State">
                <State of=state/>
            </Fact>
            <Fact name="Problems">{if problems == 0 { "none".to_owned() } else { problems.to_string() }}</Fact>
            <Fact name="Devices">{count}</Fact>
            <Fact name="A device was seen">
                <PerhapsMoment at=seen otherwise="never"/>
            </Fact>
        </Facts>
        <Section title="What is wrong now">
            <Findings findings of may/>
        </Section>
        <Section title="On their devices">
            <Grid grid of/>
        </Section>
        {table}
        <div id="timeline">
            <Section title="Timeline">
                <History of=past/>
            </Section>
        </div>
    }
    .into_any()
}
