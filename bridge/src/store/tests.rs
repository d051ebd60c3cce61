//! Against SQLite, and against the PostgreSQL that `DATABASE_URL` names.

use super::*;
use remoteaccess_protocol::Rights;

async fn stores() -> Vec<Store> {
    let mut stores = vec![Store::open(&Secret::new("sqlite::memory:")).await.unwrap()];
    match std::env::var("DATABASE_URL") {
        Ok(url) => stores.push(Store::open(&Secret::new(url)).await.unwrap()),
        Err(_) => std::eprintln!("skipped for PostgreSQL: DATABASE_URL is not set"),
    }
    stores
}

/// A name that no other test has, also in a database that is kept.
fn new(upstream_id: Option<i64>) -> NewAccount {
    let name = format!("Ann-{}", random::hex_id::<8>());
    let password_hash = Secret::new("hash");
    NewAccount { name, upstream_id, userid: upstream_id, password_hash, first_generation: false }
}

#[tokio::test]
async fn an_account_comes_with_its_home_and_its_name_is_taken_in_any_case() {
    for store in stores().await {
        let wanted = new(None);
        let ann = store.add_account(&wanted).await.unwrap().unwrap();
        let homes = store.homes(ann.id).await.unwrap();
        assert_eq!((homes[0].name.as_str(), homes[0].site.as_str()), ("home", wanted.name.as_str()));
        let other = NewAccount { name: wanted.name.to_uppercase(), ..new(None) };
        assert!(store.add_account(&other).await.unwrap().is_none());
        assert_eq!(store.account_named(&other.name).await.unwrap().unwrap().id, ann.id);
        let further = NewHome::further(ann.id, &ann.name, "cabin", "Cabin");
        assert_eq!(
            store.add_home(&further).await.unwrap().unwrap().site.as_str(),
            format!("{}.cabin", ann.name)
        );
        assert!(store.add_home(&NewHome::further(ann.id, &ann.name, "cabin", "x")).await.unwrap().is_none());
        assert!(store.set_credential(&homes[0], Credential::Device, "n").await.unwrap());
        store.home_seen(&homes[0].site, None, 5).await.unwrap();
        let home = store.home_by_site(&ann.name).await.unwrap().unwrap();
        assert_eq!((home.credential, home.seen, home.agent), (Credential::Device, Some(5), None));
        store.delete_account(ann.id).await.unwrap();
        assert!(store.homes(ann.id).await.unwrap().is_empty(), "what belongs to it goes with it");
    }
}

#[tokio::test]
async fn what_was_revoked_meanwhile_stays_revoked() {
    for store in stores().await {
        let ann = store.add_account(&new(None)).await.unwrap().unwrap();
        let known = store.homes(ann.id).await.unwrap().remove(0);
        store.revoke_credential(known.id).await.unwrap();
        // Another bridge has read it before.
        assert!(!store.set_credential(&known, Credential::Account, "n").await.unwrap());
        let now = store.homes(ann.id).await.unwrap().remove(0);
        assert_eq!(now.credential, Credential::Revoked);
        assert!(
            store.set_credential(&now, Credential::Device, "n").await.unwrap(),
            "its owner connects it anew"
        );
        let again = store.homes(ann.id).await.unwrap().remove(0);
        store.revoke_credential(known.id).await.unwrap();
        assert!(!store.set_credential(&again, Credential::Device, "m").await.unwrap());
        store.delete_account(ann.id).await.unwrap();
    }
}

/// As it is in the database.
async fn home_of(store: &Store, account: i64) -> Home {
    store.homes(account).await.unwrap().remove(0)
}

/// Its owner connects it anew.
async fn pairs_anew(store: &Store, account: i64) -> Home {
    let known = home_of(store, account).await;
    assert!(store.set_credential(&known, Credential::Device, &new_nonce()).await.unwrap());
    home_of(store, account).await
}

/// What there is to know of it happened so long ago.
async fn passes(store: &Store, account: i64, seconds: i64) {
    for (table, column) in [("home", "account_id"), ("account", "id")] {
        let update = format!(
            "UPDATE {table} SET cut_until = cut_until - $1, pardoned = pardoned - $1 WHERE {column} = $2"
        );
        sqlx::query(&update).bind(seconds).bind(account).execute(store.pool()).await.unwrap();
    }
}

#[tokio::test]
async fn who_goes_on_is_cut_for_longer_and_who_was_well_for_a_day_begins_anew() {
    for store in stores().await {
        let ann = store.add_account(&new(None)).await.unwrap().unwrap().id;
        for (minutes, well_for) in [(1, 0), (2, 3600), (4, 23 * 3600), (8, 25 * 3600), (1, 0)] {
            assert_eq!(store.cut(&home_of(&store, ann).await).await.unwrap(), minutes);
            assert!(home_of(&store, ann).await.is_cut());
            passes(&store, ann, minutes * 60 + 1).await;
            assert!(!home_of(&store, ann).await.is_cut());
            passes(&store, ann, well_for).await;
        }
    }
}

#[tokio::test]
async fn another_credential_ends_a_cut_once_an_hour() {
    for store in stores().await {
        let ann = store.add_account(&new(None)).await.unwrap().unwrap().id;
        assert!(!pairs_anew(&store, ann).await.is_cut());
        // The first pairing had nothing to pardon.
        store.cut(&home_of(&store, ann).await).await.unwrap();
        assert!(!pairs_anew(&store, ann).await.is_cut());
        assert_eq!(store.cut(&home_of(&store, ann).await).await.unwrap(), 1, "it begins anew");
        let cut = home_of(&store, ann).await;
        let again = pairs_anew(&store, ann).await;
        assert_eq!((again.cuts, again.cut_until), (cut.cuts, cut.cut_until));
        assert_ne!(again.nonce, cut.nonce, "it has the credential all the same");
        passes(&store, ann, 600).await;
        assert_eq!(store.cut(&home_of(&store, ann).await).await.unwrap(), 2, "what it did is not forgotten");
        assert!(pairs_anew(&store, ann).await.is_cut());
        passes(&store, ann, 3000).await;
        assert_eq!(store.cut(&home_of(&store, ann).await).await.unwrap(), 4);
        assert!(!pairs_anew(&store, ann).await.is_cut(), "an hour later");
    }
}

#[tokio::test]
async fn what_an_earlier_credential_did_is_forgiven_once_an_hour() {
    for store in stores().await {
        let ann = store.add_account(&new(None)).await.unwrap().unwrap().id;
        let first = pairs_anew(&store, ann).await;
        assert!(!first.is_forgiven(now()), "there was none before");
        let second = pairs_anew(&store, ann).await;
        let at = second.renewed;
        assert!(second.is_forgiven(at - 600) && second.is_forgiven(at + 5) && !second.is_forgiven(at + 6));
        assert!(store.pardon(&second).await.unwrap());
        assert!(!store.pardon(&second).await.unwrap(), "another bridge did it");
        let pardoned = home_of(&store, ann).await;
        assert!(pardoned.is_forgiven(at + 5) && !pardoned.is_forgiven(at + 6), "all of it");
        assert!(!store.pardon(&pardoned).await.unwrap());
        passes(&store, ann, 600).await;
        assert!(!pairs_anew(&store, ann).await.is_forgiven(now()), "once an hour");
        passes(&store, ann, 3000).await;
        assert!(pairs_anew(&store, ann).await.is_forgiven(now()));
        // A cut that it ends is a pardon, too.
        passes(&store, ann, 4000).await;
        store.cut(&home_of(&store, ann).await).await.unwrap();
        let pardoned = pairs_anew(&store, ann).await;
        assert!(!pardoned.is_cut() && pardoned.is_forgiven(now()));
        passes(&store, ann, 60).await;
        assert!(!pairs_anew(&store, ann).await.is_forgiven(now()));
    }
}

#[tokio::test]
async fn a_home_that_is_deleted_and_made_anew_is_the_one_that_was_cut() {
    for store in stores().await {
        let ann = store.add_account(&new(None)).await.unwrap().unwrap();
        store.cut(&home_of(&store, ann.id).await).await.unwrap();
        pairs_anew(&store, ann.id).await;
        for name in ["cabin", "barn", "home"] {
            store.cut(&home_of(&store, ann.id).await).await.unwrap();
            let cut = home_of(&store, ann.id).await;
            assert!(store.delete_home(ann.id, &cut.name).await.unwrap());
            store.add_home(&NewHome::further(ann.id, &ann.name, name, name)).await.unwrap().unwrap();
            let anew = pairs_anew(&store, ann.id).await;
            assert_eq!((anew.cut_until, anew.cuts), (cut.cut_until, cut.cuts), "{name}");
        }
        assert!(!store.delete_home(ann.id, "cabin").await.unwrap());
        passes(&store, ann.id, 3600).await;
        store.cut(&home_of(&store, ann.id).await).await.unwrap();
        assert!(!pairs_anew(&store, ann.id).await.is_cut(), "an hour later");
    }
}

#[tokio::test]
async fn deleted_homes_leave_the_larger_number_of_cuts_that_counts_and_the_later_end() {
    for store in stores().await {
        for order in [["home", "cabin"], ["cabin", "home"]] {
            let ann = store.add_account(&new(None)).await.unwrap().unwrap();
            let adds = async |name: &str| {
                let home = NewHome::further(ann.id, &ann.name, name, name);
                store.add_home(&home).await.unwrap().unwrap()
            };
            for _ in 0..3 {
                store.cut(&home_of(&store, ann.id).await).await.unwrap();
            }
            passes(&store, ann.id, 300).await;
            let cabin = adds("cabin").await;
            store.cut(&cabin).await.unwrap();
            let running = store.home_by_site(cabin.site.as_str()).await.unwrap().unwrap();
            for name in order {
                assert!(store.delete_home(ann.id, name).await.unwrap());
            }
            let barn = adds("barn").await;
            assert_eq!((barn.cuts, barn.cut_until), (3, running.cut_until), "{order:?}");
            // What is a day old counts no more.
            passes(&store, ann.id, 25 * 3600).await;
            let loft = adds("loft").await;
            store.cut(&loft).await.unwrap();
            assert!(store.delete_home(ann.id, "loft").await.unwrap());
            assert_eq!(adds("mill").await.cuts, 1);
        }
    }
}

#[tokio::test]
async fn a_database_keeps_its_name_and_another_one_has_another() {
    for store in stores().await {
        let name = store.identity().await.unwrap();
        store.name_it().await.unwrap();
        assert_eq!((store.identity().await.unwrap(), name.len()), (name.clone(), 32));
        let other = Store::open(&Secret::new("sqlite::memory:")).await.unwrap();
        assert_ne!(other.identity().await.unwrap(), name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_programs_that_make_the_tables_at_once_none_fails_and_all_find_one_name() {
    let folder = std::env::temp_dir().join(format!("remoteaccess-{}", random::hex_id::<8>()));
    std::fs::create_dir(&folder).unwrap();
    let url = Secret::new(format!("sqlite:{}/bridge.db", folder.display()));
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let url = url.clone();
        opening.spawn(async move { Store::open(&url).await.unwrap() });
    }
    let mut names = std::collections::HashSet::new();
    for store in opening.join_all().await {
        assert_eq!(store.trouble(), None);
        names.insert(store.identity().await.unwrap());
        store.close().await;
    }
    assert_eq!(names.len(), 1);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn an_upstream_number_is_one_account() {
    for store in stores().await {
        let id = new_id();
        let ann = store.add_account(&new(Some(id))).await.unwrap().unwrap();
        assert_eq!((ann.origin, ann.userid), (Origin::Emoncms, id));
        assert!(store.add_account(&new(Some(id))).await.unwrap().is_none());
        assert_eq!(store.account_upstream(id).await.unwrap().unwrap().id, ann.id);
    }
}

#[tokio::test]
async fn sessions_and_keys_are_found_until_they_end_or_are_too_many() {
    for store in stores().await {
        let ann = store.add_account(&new(None)).await.unwrap().unwrap().id;
        let (mut hashes, mut ids) = (Vec::new(), Vec::new());
        for _ in 0..65 {
            let hash = random::hex_id::<32>();
            let new = NewSession { hash: &hash, account: ann, lasts: 60, address: "local", agent: "" };
            ids.push(store.add_session(&new).await.unwrap());
            hashes.push(hash);
        }
        assert_eq!(store.sessions(ann).await.unwrap().len(), 64);
        assert!(store.with_session(&hashes[64]).await.unwrap().is_some(), "the newest stays");
        assert!(store.end_session(ann, ids[64]).await.unwrap());
        assert!(store.with_session(&hashes[64]).await.unwrap().is_none(), "at once");

        let key = async |program| {
            let hash = random::hex_id::<32>();
            let new = NewKey { hash: &hash, account: ann, rights: Rights::Read, label: "x", program };
            (store.add_key(&new).await.unwrap(), hash)
        };
        let mut last = String::new();
        for n in 0..33 {
            let (id, hash) = key(false).await;
            assert_eq!(id.is_some(), n < 32);
            if id.is_some() {
                last = hash;
            }
        }
        for _ in 0..21 {
            assert!(key(true).await.0.is_some());
        }
        assert_eq!(store.keys(ann).await.unwrap().len(), 52);
        let known = store.with_key(&last).await.unwrap().unwrap();
        assert!(matches!(known.via, Via::Key { rights: Rights::Read, .. }) && known.homes.len() == 1);
        store.set_disabled(ann, true).await.unwrap();
        assert!(store.with_key(&last).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn codes_are_used_once() {
    for store in stores().await {
        let ann = store.add_account(&new(None)).await.unwrap().unwrap().id;
        let sealed = Secret::new("sealed");
        assert!(store.begin_second_factor(ann, &sealed).await.unwrap());
        assert!(store.account(ann).await.unwrap().unwrap().totp_secret.is_none(), "not yet confirmed");
        assert!(!store.use_step(ann, 5).await.unwrap());
        store.set_second_factor(ann, &sealed, 5, &["a".into(), "b".into()]).await.unwrap();
        assert!(!store.begin_second_factor(ann, &sealed).await.unwrap());
        for (step, fresh) in [(5, false), (6, true), (6, false), (4, false)] {
            assert_eq!(store.use_step(ann, step).await.unwrap(), fresh, "{step}");
        }
        assert!(store.use_recovery_code(ann, "a").await.unwrap());
        assert!(!store.use_recovery_code(ann, "a").await.unwrap());
        store.clear_second_factor(ann).await.unwrap();
        assert!(!store.use_recovery_code(ann, "b").await.unwrap());
        let home = store.homes(ann).await.unwrap()[0].id;
        let hash = random::hex_id::<32>();
        store.add_pairing(home, &hash, 60).await.unwrap();
        assert_eq!(store.take_pairing(ann + 1, &hash).await.unwrap(), None);
        assert_eq!(store.take_pairing(ann, &hash).await.unwrap(), Some(home));
        assert_eq!(store.take_pairing(ann, &hash).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_happened_is_kept_beyond_the_account_but_not_for_ever() {
    for store in stores().await {
        let ann = store.add_account(&new(None)).await.unwrap().unwrap();
        let event =
            Event { account_id: Some(ann.id), account: &ann.name, kind: "sign-in", ..Event::default() };
        store.note(&event).await.unwrap();
        store.delete_account(ann.id).await.unwrap();
        assert_eq!(store.events(Some(ann.id), 9).await.unwrap()[0].kind, "sign-in");
        assert!(!store.events(None, 9).await.unwrap().is_empty());
        store.prune().await.unwrap();
        assert_eq!(store.events(Some(ann.id), 9).await.unwrap().len(), 1);
        store.prune_before(now() + 1).await.unwrap();
        assert!(store.events(Some(ann.id), 9).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn who_still_asks_at_the_end_is_refused_and_nobody_is_told_of_trouble() {
    let folder = std::env::temp_dir().join(format!("remoteaccess-{}", random::hex_id::<8>()));
    std::fs::create_dir(&folder).unwrap();
    let store = Store::open(&Secret::new(format!("sqlite:{}/bridge.db", folder.display()))).await.unwrap();
    store.close().await;
    assert_eq!(store.accounts().await.unwrap_err(), Error::Database);
    assert_eq!(store.trouble(), None);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_told_and_waited_for() {
    let folder = std::env::temp_dir().join(format!("remoteaccess-{}", random::hex_id::<8>()));
    let store = Store::open(&Secret::new(format!("sqlite:{}/bridge.db", folder.display()))).await.unwrap();
    assert!(store.trouble().is_some());
    assert_eq!(store.accounts().await.unwrap_err(), Error::Database);
    std::fs::create_dir(&folder).unwrap();
    while store.trouble().is_some() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(store.accounts().await.unwrap().is_empty());
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
    for url in ["mysql://localhost/x", "bridge.db"] {
        assert!(Store::open(&Secret::new(url)).await.is_err(), "{url}");
    }
}

#[tokio::test]
async fn while_something_else_writes_for_long_writing_is_refused_and_reading_is_not() {
    let folder = std::env::temp_dir().join(format!("remoteaccess-{}", random::hex_id::<8>()));
    std::fs::create_dir(&folder).unwrap();
    let url = format!("sqlite:{}/bridge.db", folder.display());
    let store = Store::open(&Secret::new(url.clone())).await.unwrap();
    let ann = store.add_account(&new(None)).await.unwrap().unwrap();
    let other = AnyPool::connect(&url).await.unwrap();
    let mut writer = other.acquire().await.unwrap();
    writer.execute("BEGIN IMMEDIATE").await.unwrap();
    let start = std::time::Instant::now();
    assert_eq!(store.signed_in(ann.id).await.unwrap_err(), Error::Database);
    assert!(start.elapsed() < SLOWEST_ANSWER, "{:?}", start.elapsed());
    assert!(store.account(ann.id).await.unwrap().is_some());
    writer.execute("ROLLBACK").await.unwrap();
    store.signed_in(ann.id).await.unwrap();
    drop(writer);
    other.close().await;
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_file_put_in_place_of_the_other_is_read_from_then_on() {
    let folder = std::env::temp_dir().join(format!("remoteaccess-{}", random::hex_id::<8>()));
    std::fs::create_dir(&folder).unwrap();
    let store = Store::open(&Secret::new(format!("sqlite:{}/bridge.db", folder.display()))).await.unwrap();
    let ann = store.add_account(&new(None)).await.unwrap().unwrap();
    let (file, copy) = (folder.join("bridge.db"), folder.join("copy"));
    store.back_up(&copy).await.unwrap();
    store.delete_account(ann.id).await.unwrap();
    for beside in ["bridge.db-wal", "bridge.db-shm"] {
        std::fs::remove_file(folder.join(beside)).ok();
    }
    std::fs::rename(copy, file).unwrap();
    assert!(store.account(ann.id).await.unwrap().is_some());
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}
