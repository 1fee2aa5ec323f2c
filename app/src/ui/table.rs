//! Tables, which become lists on a narrow screen, and what stands there when they are empty.

use leptos::prelude::*;

use super::icon::Icon;

/// A table. Its rows are `<tr>`; a cell of the class `state` stays beside the first one on a narrow screen.
#[component]
pub fn Table(
    /// What it shows, for those who hear it.
    label: &'static str,
    /// The headings of its columns.
    columns: &'static [&'static str],
    /// Its rows.
    children: Children,
) -> AnyView {
    view! {
        <table class="list" aria-label=label>
            <thead>
                <tr>{columns.iter().map(|column| view! { <th scope="col">{spoken(column)}</th> }).collect_view()}</tr>
            </thead>
            <tbody>{children()}</tbody>
        </table>
    }
    .into_any()
}

/// A heading's words; those of a column of buttons are for those who hear the table.
fn spoken(words: &'static str) -> AnyView {
    if words.is_empty() {
        view! { <span class="sr-only">"What can be done"</span> }.into_any()
    } else {
        words.into_any()
    }
}

/// A column of a table that can be sorted.
#[derive(Debug, Clone)]
pub struct Column {
    words: &'static str,
    sort: Option<Sort>,
    class: &'static str,
}

#[derive(Debug, Clone)]
struct Sort {
    address: String,
    now: Option<Direction>,
}

/// Which end of a list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest, the earliest, A.
    Ascending,
    /// The greatest, the latest, Z.
    Descending,
}

impl Direction {
    const fn other(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// An order as it stands in an address: `expiry`, or `-expiry` for the latest first.
fn order(key: &str, direction: Direction) -> String {
    match direction {
        Direction::Ascending => key.to_owned(),
        Direction::Descending => format!("-{key}"),
    }
}

impl Column {
    /// A column that the list can't be sorted by.
    #[must_use]
    pub const fn plain(words: &'static str) -> Self {
        Self { words, sort: None, class: "" }
    }

    /// A column of boxes to tick: its heading is only heard.
    #[must_use]
    pub const fn ticks(words: &'static str) -> Self {
        Self { words, sort: None, class: "sr-only" }
    }

    /// A column that the list can be sorted by: `key` is its word in the address, `first` the direction of the first
    /// click, `current` the order as the address has it or what an empty one means, `address` the address of an order.
    #[must_use]
    pub fn sorted(
        words: &'static str,
        key: &str,
        first: Direction,
        current: &str,
        address: impl Fn(&str) -> String,
    ) -> Self {
        let now = [Direction::Ascending, Direction::Descending]
            .into_iter()
            .find(|&direction| order(key, direction) == current);
        let then = now.map_or(first, Direction::other);
        Self { words, sort: Some(Sort { address: address(&order(key, then)), now }), class: "" }
    }
}

/// A table whose headings sort the list that it shows a page of.
#[component]
pub fn SortedTable(
    /// What it shows, for those who hear it.
    label: &'static str,
    /// Its columns.
    columns: Vec<Column>,
    /// `ticked` when its first column has boxes to tick.
    #[prop(optional)]
    class: &'static str,
    /// Its rows, as in [`Table`].
    children: Children,
) -> AnyView {
    view! {
        <table class=format!("list {class}") aria-label=label>
            <thead>
                <tr>{columns.into_iter().map(heading).collect_view()}</tr>
            </thead>
            <tbody>{children()}</tbody>
        </table>
    }
    .into_any()
}

fn heading(column: Column) -> AnyView {
    let Some(sort) = column.sort else {
        return view! {
            <th scope="col">
                <span class=column.class>{column.words}</span>
            </th>
        }
        .into_any();
    };
    let (sorted, icon) = match sort.now {
        None => (None, None),
        Some(Direction::Ascending) => (Some("ascending"), Some("chevron-up")),
        Some(Direction::Descending) => (Some("descending"), Some("chevron-down")),
    };
    view! {
        <th scope="col" aria-sort=sorted>
            <a class="sort" href=sort.address>
                {column.words}
                {icon.map(|name| view! { <Icon name/> })}
            </a>
        </th>
    }
    .into_any()
}

/// An empty list: what is not there, and what to do next.
#[component]
pub fn Empty(
    /// What is not there.
    title: &'static str,
    /// What to do next.
    children: Children,
) -> AnyView {
    view! {
        <div class="empty">
            <h2>{title}</h2>
            {children()}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(current: &str) -> Sort {
        let address = |order: &str| format!("/x?sort={order}");
        Column::sorted("Good until", "expiry", Direction::Ascending, current, address).sort.unwrap()
    }

    #[test]
    fn a_heading_turns_the_order_that_is_and_begins_one_that_is_not() {
        assert_eq!((sort("").address, sort("").now), ("/x?sort=expiry".to_owned(), None));
        assert_eq!(sort("expiry").address, "/x?sort=-expiry");
        assert_eq!(sort("expiry").now, Some(Direction::Ascending));
        assert_eq!(sort("-expiry").address, "/x?sort=expiry");
        assert_eq!(sort("subject").now, None);
    }
}
