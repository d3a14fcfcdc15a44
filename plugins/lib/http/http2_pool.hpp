// Http2Pool: the client's connections of HTTP/2 on one network thread: which has room for a call, who opens another, and who waits
// for that. Inside the library only; all calls are on that thread.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "plugins/lib/http/connection_pool.hpp"
#include "plugins/lib/http/http2_client_connection.hpp"

namespace tarsier::net {

class Http2Pool final : public Http2ClientConnection::Keeper, public std::enable_shared_from_this<Http2Pool> {
 public:
  /// `idle` bounds connections without a stream, together with those of HTTP/1.1.
  Http2Pool(std::shared_ptr<ConnectionPool> idle, Http2ClientConnection::Times times) : idle_(std::move(idle)), times_(times) {}

  /// Those that have refused a call.
  using Refusers = std::vector<std::shared_ptr<Http2ClientConnection>>;
  /// A connection with room that is none of these, to begin a stream on at once; or none.
  std::shared_ptr<Http2ClientConnection> take(const std::string& key, const Refusers& but);
  /// Somebody else opens a connection that others may use as well, or one that is there may get room.
  bool must_wait(const std::string& key, const Refusers& but) const;
  /// Somebody opens a connection.
  bool is_dialling(const std::string& key) const;
  void close();

  /// Opening a connection, while others wait for it. At its end without a word its call has given up, and the next one may try.
  class Dial {
   public:
    Dial(Http2Pool& pool, std::string key);
    ~Dial();
    Dial(const Dial&) = delete;
    Dial& operator=(const Dial&) = delete;
    std::shared_ptr<Http2ClientConnection> spoke_http2(std::shared_ptr<Transport> transport);
    /// Nobody waits for a connection of this key again.
    void spoke_http1();
    /// So it would for those that wait.
    void failed(const Error& error);

   private:
    Http2Pool& pool_;
    const std::string key_;
    const bool leads_;  // the others wait for this one
  };

  /// Waiting for somebody else's connection.
  class Wait {
   public:
    Wait(Http2Pool& pool, const std::string& key, std::function<void()> wake);
    ~Wait();
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    /// The time has come to look again.
    const bool& woken() const noexcept { return woken_; }
    const std::optional<Error>& failure() const noexcept { return failure_; }
    /// It goes on from here; otherwise its turn is the next one's.
    void go_on() noexcept { gone_on_ = true; }

   private:
    friend class Http2Pool;
    Http2Pool& pool_;
    const std::string key_;
    const std::function<void()> wake_;
    std::list<Wait*>::iterator place_;  // until it is woken
    bool woken_ = false;
    bool gone_on_ = false;
    std::optional<Error> failure_;
  };

 private:
  struct Member {
    std::shared_ptr<Http2ClientConnection> connection;
    std::optional<ConnectionPool::Rest> rest;
  };
  /// All of one key.
  struct Site {
    std::vector<Member> members;
    bool dialling = false;
    std::list<Wait*> waiting;
  };

  void moved(Http2ClientConnection& connection) override;
  void settle(Site& site, Member& member);
  void put_away(const std::weak_ptr<Http2ClientConnection>& connection);
  Member* find(const Http2ClientConnection& connection);
  /// The first ones.
  static void wake(Site& site, size_t count, const Error* failure = nullptr);
  void wake(const std::string& key, size_t count, const Error* failure = nullptr);
  void forget_empty(const std::string& key);

  const std::shared_ptr<ConnectionPool> idle_;
  const Http2ClientConnection::Times times_;
  std::unordered_map<std::string, Site> sites_;
  std::unordered_set<std::string> plain_;  // keys of servers that speak 1.1
};

}  // namespace tarsier::net
