//! Profiles tried before they are saved, and what a list says of them.

use serde_json::{Value, json};

use super::program::{Program, wifi};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_profile_is_tried_on_somebody_before_it_is_saved,
    a_list_says_whom_a_profile_reaches,
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap_or_else(|| panic!("{value}"))
}

async fn a_profile_is_tried_on_somebody_before_it_is_saved(database: TestDatabase) {
    let program = Program::new(database).await;
    let maria = program.post("/users", &json!({"user_name": "maria", "display_name": "Maria"})).await.ok();
    let laptop = json!({"name": "laptop", "platform": "linux", "owner": id(&maria)});
    let laptop = program.post("/devices", &laptop).await.ok();
    // The person alone leads to their device, the device to its person.
    for whom in [json!({"user": id(&maria)}), json!({"device": id(&laptop)})] {
        let mut draft = whom.clone();
        draft["profile"] = wifi();
        let tried = program.post("/profiles/try", &draft).await.ok();
        assert_eq!(tried["device"]["name"], "laptop", "{whom}");
        assert_eq!(tried["user"]["user_name"], "maria", "{whom}");
        assert_eq!(tried["subject"]["value"], "CN=maria,O=Example");
        let mail = &tried["subject_alternative_names"][0];
        assert_eq!(mail["value"], Value::Null);
        assert_eq!(mail["missing"], json!([{"variable": "{{EmailAddress}}", "belongs_to": "user"}]));
        assert_eq!(tried["errors"], json!([]));
    }
    // What is wrong is said, and the rest is tried all the same.
    let mut wrong = wifi();
    wrong["subject"] = json!("CN={{UserName");
    wrong["validity_days"] = json!(3650);
    wrong["ca"] = json!("nowhere");
    wrong["platforms"] = json!(["ios"]);
    let tried = program.post("/profiles/try", &json!({"profile": wrong, "device": id(&laptop)})).await.ok();
    assert_eq!(tried["errors"][0]["field"], "subject");
    assert!(tried["subject"]["problem"].as_str().unwrap().contains("closes every {{"), "{tried}");
    assert!(tried["not_reached"].as_str().unwrap().contains("linux"), "{tried}");
    wrong["subject"] = json!("CN={{UserName}}");
    let tried = program.post("/profiles/try", &json!({"profile": wrong})).await.ok();
    assert_eq!(tried["errors"][0]["field"], "ca", "{tried}");
    assert_eq!(tried["subject"]["missing"][0]["variable"], "{{UserName}}");
    assert_eq!(program.get("/profiles").await.ok()["data"], json!([]), "nothing is saved");
    let nobody = json!({"profile": wifi(), "device": "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f"});
    program.post("/profiles/try", &nobody).await.problem(404, &[]);
}

async fn a_list_says_whom_a_profile_reaches(database: TestDatabase) {
    let program = Program::new(database).await;
    let profile = program.post("/profiles", &wifi()).await.ok();
    for (name, mode) in [("Staff", "include"), ("Sales", "include"), ("Guests", "exclude")] {
        let group = program.post("/groups", &json!({"name": name})).await.ok();
        let assignment = json!({"group_id": id(&group), "mode": mode});
        program.post(&format!("/profiles/{}/assignments", id(&profile)), &assignment).await.ok();
    }
    let list = program.get("/profiles").await.ok();
    let expected =
        json!({"included_groups": 2, "excluded_groups": 1, "certificates": 0, "more_certificates": false});
    assert_eq!(list["data"][0]["reach"], expected);
    let one = program.get(&format!("/profiles/{}", id(&profile))).await.ok();
    assert_eq!(one["reach"], expected);
    let cas = program.get("/profiles/issuing-cas").await.ok();
    assert!(cas.as_array().is_some(), "{cas}");
}
