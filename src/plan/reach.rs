//! Whom a profile's assignments reach, and what ended it when they don't any more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use certporter_model::assignment::AssignmentMode;
use certporter_model::{GroupId, ProfileId, Timestamp};

use super::departure::Departure;
use super::directory::{Assigned, Directory, Membership, Span};

/// What each group brings and bars now, groups above it included. Computed once for a snapshot.
#[derive(Debug)]
pub(super) struct Reach<'d> {
    directory: &'d Directory,
    now: Timestamp,
    includes: BTreeMap<GroupId, BTreeSet<ProfileId>>,
    excludes: BTreeMap<GroupId, BTreeSet<ProfileId>>,
    /// Assignments by group, ended ones included: the history of [`Reach::why_not`].
    assignments: BTreeMap<(GroupId, ProfileId), Vec<&'d Assigned>>,
}

impl<'d> Reach<'d> {
    pub(super) fn new(directory: &'d Directory, now: Timestamp) -> Self {
        let mut assignments: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut own: BTreeMap<GroupId, Vec<&Assigned>> = BTreeMap::new();
        for assigned in &directory.assignments {
            assignments.entry((assigned.group, assigned.profile)).or_default().push(assigned);
            if assigned.span.holds(now) {
                own.entry(assigned.group).or_default().push(assigned);
            }
        }
        let (mut includes, mut excludes) = (BTreeMap::new(), BTreeMap::new());
        let groups: BTreeSet<GroupId> = directory.nesting.keys().chain(own.keys()).copied().collect();
        for group in groups {
            let (mut brought, mut barred) = (BTreeSet::new(), BTreeSet::new());
            for above in ancestors(directory, group, now) {
                for assigned in own.get(&above).into_iter().flatten() {
                    match assigned.mode {
                        AssignmentMode::Include => brought.insert(assigned.profile),
                        AssignmentMode::Exclude => barred.insert(assigned.profile),
                    };
                }
            }
            includes.insert(group, brought);
            excludes.insert(group, barred);
        }
        Self { directory, now, includes, excludes, assignments }
    }

    /// Profiles that these memberships bring.
    pub(super) fn brought(&self, memberships: &[Membership]) -> BTreeSet<ProfileId> {
        self.collect(&self.includes, memberships)
    }

    /// Profiles that these memberships bar.
    pub(super) fn barred(&self, memberships: &[Membership]) -> BTreeSet<ProfileId> {
        self.collect(&self.excludes, memberships)
    }

    fn collect(
        &self,
        by_group: &BTreeMap<GroupId, BTreeSet<ProfileId>>,
        memberships: &[Membership],
    ) -> BTreeSet<ProfileId> {
        let present = memberships.iter().filter(|m| m.span.holds(self.now));
        present.flat_map(|m| by_group.get(&m.group).into_iter().flatten()).copied().collect()
    }

    /// The ways on which assignments of this kind reach a member now: from the group that it is in directly, over
    /// groups around that one, to the group that has the assignment. The shortest to each such group.
    pub(super) fn ways(
        &self,
        profile: ProfileId,
        mode: AssignmentMode,
        memberships: &[Membership],
    ) -> Vec<Vec<GroupId>> {
        let direct = memberships.iter().filter(|m| m.span.holds(self.now)).map(|m| vec![m.group]);
        let mut open: VecDeque<Vec<GroupId>> = direct.collect();
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        while let Some(way) = open.pop_front() {
            let Some(group) = way.last().copied().filter(|group| seen.insert(*group)) else { continue };
            let assigned = self.assignments.get(&(group, profile)).into_iter().flatten();
            if assigned.into_iter().any(|it| it.mode == mode && it.span.holds(self.now)) {
                found.push(way.clone());
            }
            for above in self.directory.nesting.get(&group).into_iter().flatten() {
                if above.span.holds(self.now) {
                    open.push_back(way.iter().copied().chain([above.group]).collect());
                }
            }
        }
        found
    }

    /// Why a profile that reached a member does so no longer. Of all the ways in which it ever was reached, the one
    /// that lasted longest counts, and of that way the link that ended it; if several ended at the same moment, the
    /// graver.
    pub(super) fn why_not(&self, profile: ProfileId, sources: &[Source<'_>]) -> Departure {
        let mut last: Option<(Timestamp, Departure)> = None;
        for source in sources {
            let owned = Way { span: source.owned, end: Departure::HANDED_OVER };
            for membership in source.memberships {
                if let Some(way) = owned.narrowed(membership.span, Departure::LEFT_GROUP) {
                    self.follow(profile, way, &mut vec![membership.group], &mut last);
                }
            }
        }
        last.map_or(Departure::LEFT_GROUP, |(_, departure)| departure)
    }

    fn follow(
        &self,
        profile: ProfileId,
        way: Way,
        groups: &mut Vec<GroupId>,
        last: &mut Option<(Timestamp, Departure)>,
    ) {
        let Some(group) = groups.last().copied() else { return };
        for assigned in self.assignments.get(&(group, profile)).into_iter().flatten() {
            let whole = way.narrowed(assigned.span, Departure::ASSIGNMENT_REMOVED);
            let Some((end, departure)) = whole.and_then(|way| Some((way.span.until?, way.end))) else {
                continue;
            };
            if assigned.mode == AssignmentMode::Include {
                *last = Some(match *last {
                    Some((moment, known)) if moment > end => (moment, known),
                    Some((moment, known)) if moment == end => (moment, known.graver(departure)),
                    _ => (end, departure),
                });
            }
        }
        for above in self.directory.nesting.get(&group).into_iter().flatten() {
            if !groups.contains(&above.group)
                && let Some(way) = way.narrowed(above.span, Departure::LEFT_GROUP)
            {
                groups.push(above.group);
                self.follow(profile, way, groups, last);
                groups.pop();
            }
        }
    }
}

/// Memberships that could bring a profile, and while they counted: a former device's only while it was the user's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'d> {
    pub(super) memberships: &'d [Membership],
    pub(super) owned: Span,
}

impl<'d> Source<'d> {
    /// Memberships that always counted.
    pub(super) fn always(memberships: &'d [Membership]) -> Self {
        Self { memberships, owned: Span { from: Timestamp::default(), until: None } }
    }
}

/// While all links of a way held, and what ended it.
#[derive(Debug, Clone, Copy)]
struct Way {
    span: Span,
    end: Departure,
}

impl Way {
    fn narrowed(self, link: Span, cause: Departure) -> Option<Self> {
        let span = meet(self.span, link)?;
        let end = match (self.span.until == span.until, link.until == span.until) {
            (true, true) => self.end.graver(cause),
            (false, true) => cause,
            _ => self.end,
        };
        Some(Self { span, end })
    }
}

/// When two spans both hold, if ever.
fn meet(one: Span, other: Span) -> Option<Span> {
    let from = one.from.max(other.from);
    let until = match (one.until, other.until) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    until.is_none_or(|until| from < until).then_some(Span { from, until })
}

/// A group and every group that it is in now, at whatever depth; a circle of groups is followed once.
fn ancestors(directory: &Directory, group: GroupId, now: Timestamp) -> BTreeSet<GroupId> {
    let mut found = BTreeSet::from([group]);
    let mut open = vec![group];
    while let Some(group) = open.pop() {
        for above in directory.nesting.get(&group).into_iter().flatten() {
            if above.span.holds(now) && found.insert(above.group) {
                open.push(above.group);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn group(n: u8) -> GroupId {
        GroupId::new(at(0), [n; 10])
    }

    fn span(from: i64, until: impl Into<Option<i64>>) -> Span {
        Span { from: at(from), until: until.into().map(at) }
    }

    fn member(n: u8, from: i64, until: impl Into<Option<i64>>) -> Membership {
        Membership { group: group(n), span: span(from, until) }
    }

    fn assigned(n: u8, mode: AssignmentMode, from: i64, until: impl Into<Option<i64>>) -> Assigned {
        Assigned { profile: profile(), group: group(n), mode, span: span(from, until) }
    }

    fn profile() -> ProfileId {
        ProfileId::new(at(0), [9; 10])
    }

    #[test]
    fn groups_nest_and_may_go_in_a_circle() {
        let mut directory = Directory::default();
        directory.nesting.insert(group(1), vec![member(2, 0, None)]);
        directory.nesting.insert(group(2), vec![member(1, 0, None), member(3, 0, 5)]);
        directory.assignments = vec![
            assigned(2, AssignmentMode::Include, 0, None),
            assigned(3, AssignmentMode::Exclude, 0, None),
        ];
        let inside = [member(1, 0, None)];
        let early = Reach::new(&directory, at(4));
        assert!(early.brought(&inside).contains(&profile()) && early.barred(&inside).contains(&profile()));
        let late = Reach::new(&directory, at(5));
        assert!(late.brought(&inside).contains(&profile()) && late.barred(&inside).is_empty());
        // The ways say the same, and over which groups.
        let ways = |reach: &Reach<'_>, mode| reach.ways(profile(), mode, &inside);
        assert_eq!(ways(&early, AssignmentMode::Include), [vec![group(1), group(2)]]);
        assert_eq!(ways(&early, AssignmentMode::Exclude), [vec![group(1), group(2), group(3)]]);
        assert!(ways(&late, AssignmentMode::Exclude).is_empty());
    }

    #[test]
    fn the_way_that_lasted_longest_says_why() {
        let assignments =
            vec![assigned(1, AssignmentMode::Include, 0, None), assigned(2, AssignmentMode::Include, 0, 3)];
        let directory = Directory { assignments, ..Directory::default() };
        // Still in group 2, whose assignment ended at 3, but it was leaving group 1 at 7 that ended it.
        let reach = Reach::new(&directory, at(8));
        let members = [member(1, 0, 7), member(2, 0, None)];
        assert_eq!(reach.why_not(profile(), &[Source::always(&members)]), Departure::LEFT_GROUP);
        // Left group 1 at 2; the assignment of group 2 went last.
        let members = [member(1, 0, 2), member(2, 0, None)];
        assert_eq!(reach.why_not(profile(), &[Source::always(&members)]), Departure::ASSIGNMENT_REMOVED);
        // Joined group 2 only after its assignment had ended.
        let members = [member(1, 0, 2), member(2, 4, None)];
        assert_eq!(reach.why_not(profile(), &[Source::always(&members)]), Departure::LEFT_GROUP);
    }
}
