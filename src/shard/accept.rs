//! New connections: limits, protected mode, and which shard owns them.
//!
//! Shard 0 accepts and hands each connection to the shard with the fewest. One listener per address keeps `bind` errors
//! what users expect (SO_REUSEPORT would let two servers share a port) and spreads connections evenly.

use super::conn::Conn;
use super::mesh::Mesh;
use super::{Connection, Driver, Shard};
use crate::command::Session;
use crate::io::Sock;
use crate::observe::{ClientInfo, client_flag, log};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Reply to a connection from elsewhere while nothing protects the server (networking.c `clientAcceptHandler`).
const PROTECTED: &[u8] = b"-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.\r\n";

impl<D: Driver> Shard<D>
where
    D::Socket: Connection,
{
    /// Replaces the listeners by the newest set that came.
    pub(super) fn listen_anew(&mut self) {
        let Some(sets) = &self.new_listeners else { return };
        if let Some(newest) = sets.try_iter().last() {
            self.driver.unlisten();
            newest.into_iter().for_each(|listener| self.listen(listener));
        }
    }

    /// A connection came in on this shard's listener.
    pub(super) fn accepted(&mut self, socket: D::Socket) {
        let Some(stats) = self.server.stats.get(self.id) else { return };
        if self.server.connections() >= self.config.maxclients as usize {
            stats.rejected_connections.add(1);
            return socket.refuse(b"-ERR max number of clients reached\r\n");
        }
        let open = self.server.acl.users().default_user().needs_no_password();
        if self.config.protected_mode && open && !socket.is_local() {
            stats.rejected_connections.add(1);
            return socket.refuse(PROTECTED);
        }
        stats.connections.add(1);
        let owner = self.server.assign_connection();
        if owner == self.id {
            self.own(socket);
        } else {
            Mesh::hand_over(&mut self.mesh, owner, socket);
        }
    }

    /// Makes a connection this shard's own.
    pub(super) fn own(&mut self, socket: D::Socket) {
        let unix = socket.is_unix();
        if !unix {
            socket.tune(u64::from(self.config.tcp_keepalive_s));
        }
        let (addr, laddr) = socket.addresses();
        let info = ClientInfo {
            id: self.server.clients.next_id(),
            shard: self.id,
            addr,
            laddr,
            fd: socket.descriptor(),
            local: socket.is_local(),
            created_ms: self.time.unix_ms,
            ..ClientInfo::default()
        };
        info.resp.store(2, Ordering::Relaxed);
        info.multi.store(-1, Ordering::Relaxed);
        info.last_ms.store(self.time.unix_ms, Ordering::Relaxed);
        info.set_flag(client_flag::UNIX_SOCKET, unix);
        let info = Arc::new(info);
        self.server.clients.add(info.clone());
        let mut session = Box::new(Session::new(info, false));
        session.log_out(&self.server.acl);
        log::verbose(&format!("Accepted {}", session.info.addr));
        let id = session.id;
        let sock = self.driver.adopt(socket);
        let key = self.conns.insert(Conn::new(sock, session, self.time.unix_ms));
        self.by_id.insert(id, key);
        let index = sock.0 as usize;
        if self.by_sock.len() <= index {
            self.by_sock.resize(index + 1, None);
        }
        if let Some(place) = self.by_sock.get_mut(index) {
            *place = Some(key);
        }
    }

    /// The connection on a socket.
    pub(super) fn key_of(&self, sock: Sock) -> Option<usize> {
        self.by_sock.get(sock.0 as usize).copied().flatten()
    }
}
