//! How the certificates of the fleet are: each number is how many the list holds to which it leads.

use certporter_model::access::Role;
use serde_json::{Value, json};

use super::{get, listed};
use crate::notices::scene::{Scene, id};
use crate::support::database::TestDatabase;

/// Every number of the report beside the list that it stands for.
async fn compare(scene: &Scene, token: Option<&str>) -> Value {
    let report = get(&scene.program, token, "/reports/health").await;
    let mut rows = vec![(String::new(), report["total"].clone())];
    for (part, key) in [("profiles", "profile"), ("platforms", "platform"), ("groups", "group")] {
        for row in report[part].as_array().unwrap() {
            rows.push((format!("&{key}={}", row[key].as_str().unwrap()), row["counts"].clone()));
        }
    }
    for (of, counts) in rows {
        for (name, path) in [
            ("certificates", "/certificates?standing=current&state=valid"),
            ("installed", "/certificates?standing=current&state=valid&delivery=installed"),
            ("pending", "/certificates?standing=current&state=valid&delivery=pending"),
            ("failing", "/certificates?standing=current&state=valid&delivery=failing"),
            ("nowhere", "/certificates?standing=current&state=valid&delivery=nowhere"),
            ("expiring", "/certificates?standing=current&state=expiring"),
            ("requests_under_way", "/requests?stage=under_way"),
            ("requests_troubled", "/requests?stage=troubled"),
        ] {
            let list = listed(&scene.program, token, &format!("{path}{of}"), 2).await;
            assert_eq!(counts[name], list, "{name} of {of}: {report}");
        }
    }
    report
}

async fn numbers_lead_to_their_lists(database: TestDatabase) {
    let mut scene = Scene::new(database, 3).await;
    let all = compare(&scene, None).await;
    assert_eq!(all["total"]["installed"], 3, "{all}");
    assert_eq!(all["groups"][0]["name"], "Staff");
    assert_eq!(all["platforms"][0]["platform"], "linux");
    // A group within the group, with a person whose device has not fetched anything yet.
    let body = json!({"user_name": "jo", "display_name": "Jo", "email": "jo@example.org", "upn": "jo@example.org",
        "sid": "S-1-5-21-1004336348-1177238915-682003330-513"});
    let jo = id(&scene.program.post("/users", &body).await.ok());
    let inner = id(&scene.program.post("/groups", &json!({"name": "Interns"})).await.ok());
    let within = format!("/groups/{}/members", scene.group);
    scene.program.post(&within, &json!({"kind": "group", "id": inner})).await.ok();
    scene.program.post(&format!("/groups/{inner}/members"), &json!({"kind": "user", "id": jo})).await.ok();
    let body = json!({"name": "Tablet", "platform": "linux", "owner": jo});
    let tablet = id(&scene.program.post("/devices", &body).await.ok());
    let _enrolled = scene.works.enrol(&scene.program, &tablet).await;
    let requested = compare(&scene, None).await;
    assert_eq!(
        requested["groups"][0]["counts"]["requests_under_way"], 1,
        "nested members count: {requested}"
    );
    scene.works.work().await;
    // Somebody without a name that the profile needs.
    let body = json!({"user_name": "kim", "display_name": "Kim"});
    let kim = id(&scene.program.post("/users", &body).await.ok());
    scene.program.post(&within, &json!({"kind": "user", "id": kim})).await.ok();
    let body = json!({"name": "Phone", "platform": "linux", "owner": kim});
    let phone = id(&scene.program.post("/devices", &body).await.ok());
    let _enrolled = scene.works.enrol(&scene.program, &phone).await;
    scene.works.work().await;
    scene.sync().await;
    let report = compare(&scene, None).await;
    assert_eq!(report["total"]["pending"], 1, "{report}");
    assert_eq!(report["total"]["installed"], 3, "{report}");
    // Whoever sees a part of it counts that part.
    let auditor = scene.program.new_token(Role::Auditor).await;
    assert_eq!(compare(&scene, Some(&auditor)).await["total"], report["total"]);
    let csv = scene.program.get("/reports/health.csv").await;
    let text = String::from_utf8(csv.octets).unwrap();
    assert!(text.starts_with("by,id,name,certificates,installed,"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("all,,,4,3,1,")), "{text}");
    // A device that is retired holds nothing from then on, though its certificate is still in the list.
    let nowhere = "/certificates?delivery=nowhere";
    assert_eq!(listed(&scene.program, None, nowhere, 2).await, 0);
    let laptops = get(&scene.program, None, "/devices?q=laptop").await;
    let retire = format!("/devices/{}/retire", id(&laptops["data"][0]));
    scene.program.post(&retire, &json!({})).await.ok();
    scene.works.work().await;
    assert_eq!(listed(&scene.program, None, nowhere, 2).await, 1);
    assert_eq!(compare(&scene, None).await["total"]["nowhere"], 0, "it is revoked");
}

#[tokio::test]
async fn numbers_lead_to_their_lists_on_sqlite() {
    numbers_lead_to_their_lists(TestDatabase::sqlite().await).await;
}

#[tokio::test]
async fn numbers_lead_to_their_lists_on_postgres() {
    numbers_lead_to_their_lists(TestDatabase::postgres().await).await;
}

#[tokio::test]
async fn a_helpdesk_of_one_group_counts_that_group() {
    use certporter::service::reports::health;
    use certporter_model::AccountId;
    use certporter_model::access::{Caller, Grant};

    let scene = Scene::new(TestDatabase::sqlite().await, 2).await;
    let other = id(&scene.program.post("/groups", &json!({"name": "Others"})).await.ok());
    let desk = |group: &str| {
        let grants = vec![Grant { role: Role::Helpdesk, groups: Some(vec![group.parse().unwrap()]) }];
        let id = AccountId::new(scene.program.portal.now(), [9; 10]);
        Caller::account(id, "desk".into(), grants, None)
    };
    let theirs = health::get(&scene.program.portal, &desk(&scene.group)).await.unwrap();
    assert_eq!((theirs.total.certificates, theirs.groups.len()), (2, 1));
    let none = health::get(&scene.program.portal, &desk(&other)).await.unwrap();
    assert_eq!((none.total.certificates, none.groups.len(), none.profiles.len()), (0, 0, 0));
}
