//! What clients of masters and replicas may do, and what both say of themselves.

use crate::support::Server;
use crate::{ARGS, Node, settle, wait_for};

#[test]
fn a_replica_takes_no_writes_and_hides_what_has_expired() {
    let mut nodes = [Node::shoal(2), Node::shoal(2)];
    let [master, replica] = &mut nodes;
    replica.follow(master);
    settle(&mut nodes, "at first");
    let [master, replica] = &mut nodes;
    let refusal = "-READONLY You can't write against a read only replica.\r\n";
    assert_eq!(replica.ask(&["SET", "a", "1"]), refusal);
    assert_eq!(replica.ask(&["MULTI"]), "+OK\r\n");
    assert_eq!(replica.ask(&["SET", "a", "1"]), refusal);
    assert!(replica.ask(&["EXEC"]).starts_with("-EXECABORT"));
    let script = replica.ask(&["EVAL", "return redis.call('set','a',1)", "1", "a"]);
    assert!(script.starts_with("-READONLY"), "{script}");
    assert!(replica.ask(&["WAIT", "0", "0"]).starts_with("-ERR WAIT cannot be used with replica instances."));
    assert_eq!(master.ask(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]), "+OK\r\n");
    assert_eq!(master.ask(&["SET", "e", "1", "PX", "50"]), "+OK\r\n");
    wait_for("it arrives", || replica.ask(&["DBSIZE"]) == ":1\r\n");
    wait_for("the key is hidden", || replica.ask(&["GET", "e"]) == "$-1\r\n");
    // It is there until the master says otherwise.
    assert_eq!(replica.ask(&["DBSIZE"]), ":1\r\n");
    assert_eq!(master.ask(&["GET", "e"]), "$-1\r\n");
    wait_for("the key is gone", || replica.ask(&["DBSIZE"]) == ":0\r\n");
}

#[test]
fn too_few_replicas_in_time_refuse_writes() {
    let mut nodes = [Node::shoal(2), Node::shoal(1)];
    nodes[0].ask(&["CONFIG", "SET", "min-replicas-to-write", "1", "min-replicas-max-lag", "2"]);
    wait_for("writes are refused", || {
        nodes[0].ask(&["SET", "a", "1"]) == "-NOREPLICAS Not enough good replicas to write.\r\n"
    });
    let [master, replica] = &mut nodes;
    replica.follow(master);
    wait_for("writes are taken", || nodes[0].ask(&["SET", "a", "1"]) == "+OK\r\n");
    nodes[1].lead();
    wait_for("writes are refused again", || nodes[0].ask(&["SET", "a", "1"]).starts_with("-NOREPLICAS"));
}

#[test]
fn stale_data_is_served_or_not() {
    let mut replica = Node::shoal(2);
    replica.ask(&["SET", "a", "1"]);
    assert!(replica.ask(&["REPLICAOF", "127.0.0.1", "1"]).starts_with("+OK"));
    assert_eq!(replica.ask(&["GET", "a"]), "$1\r\n1\r\n");
    replica.ask(&["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    let refusal = "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n";
    wait_for("it is refused", || replica.ask(&["GET", "a"]) == refusal);
    assert_eq!(replica.ask(&["PING"]), refusal);
    assert!(replica.ask(&["INFO"]).starts_with('$'));
    replica.lead();
    assert_eq!(replica.ask(&["GET", "a"]), "$1\r\n1\r\n");
}

#[test]
fn wait_counts_replicas_that_have_what_was_written() {
    let mut nodes = [Node::shoal(2), Node::shoal(1), Node::redis()];
    assert_eq!(nodes[0].ask(&["WAIT", "0", "0"]), ":0\r\n");
    assert_eq!(nodes[0].ask(&["WAIT", "1", "50"]), ":0\r\n");
    let [master, first, second] = &mut nodes;
    first.follow(master);
    second.follow(master);
    settle(&mut nodes, "at first");
    for _ in 0..20 {
        assert_eq!(nodes[0].ask(&["SET", "a", "1"]), "+OK\r\n");
        assert_eq!(nodes[0].ask(&["WAIT", "2", "5000"]), ":2\r\n");
    }
    assert_eq!(nodes[0].ask(&["WAIT", "3", "100"]), ":2\r\n");
}

#[test]
fn both_sides_say_who_they_are() {
    let mut nodes = [Node::shoal(2), Node::shoal(1)];
    let [master, replica] = &mut nodes;
    replica.follow(master);
    settle(&mut nodes, "at first");
    let [master, replica] = &mut nodes;
    let (port, own) = (master.server.port(), replica.server.port());
    assert!(master.ask(&["ROLE"]).starts_with("*3\r\n$6\r\nmaster\r\n"));
    assert!(master.ask(&["ROLE"]).contains(&own.to_string()));
    assert!(
        replica.ask(&["ROLE"]).starts_with(&format!("*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:{port}\r\n"))
    );
    let line = master.info("replication", "slave0");
    assert!(line.starts_with(&format!("ip=127.0.0.1,port={own},state=online,offset=")), "{line}");
    assert_eq!(replica.info("replication", "master_port"), port.to_string());
    assert!(master.ask(&["CLIENT", "LIST", "TYPE", "replica"]).contains("flags=S"));
    assert!(replica.ask(&["CLIENT", "LIST", "TYPE", "master"]).contains("flags=M"));
    assert!(replica.ask(&["CONFIG", "GET", "replicaof"]).contains(&format!("127.0.0.1 {port}")));
}

#[test]
fn a_password_is_given_and_a_wrong_one_said() {
    let mut master = Node::shoal(2);
    master.ask(&["CONFIG", "SET", "requirepass", "secret"]);
    master.ask(&["AUTH", "secret"]);
    let mut nodes = [master, Node::of(Server::tested(2, &[ARGS, &["--masterauth", "wrong"]].concat()))];
    let [master, replica] = &mut nodes;
    replica.follow(master);
    wait_for("the log says so", || nodes[1].server.log().contains("Unable to AUTH to MASTER: -WRONGPASS"));
    nodes[1].ask(&["CONFIG", "SET", "masterauth", "secret"]);
    settle(&mut nodes, "with the right password");
}

#[test]
fn a_saved_file_tells_where_the_dataset_stood() {
    let mut nodes = [Node::shoal(2), Node::shoal(2)];
    let [master, replica] = &mut nodes;
    master.ask(&["SET", "a", "1"]);
    replica.follow(master);
    settle(&mut nodes, "at first");
    for node in &mut nodes {
        assert_eq!(node.ask(&["SAVE"]), "+OK\r\n");
        let file = std::fs::read(node.server.dir().join("dump.rdb")).unwrap();
        let text = String::from_utf8_lossy(&file).into_owned();
        assert!(text.contains("repl-id") && text.contains("repl-offset"));
        assert!(text.contains(&node.info("replication", "master_replid")));
    }
}
