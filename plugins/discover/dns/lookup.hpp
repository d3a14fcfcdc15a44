// One question to the DNS: some names, one type of records. Asks the servers of resolv.conf, by way of its search domains, without
// blocking: who owns it waits for its sockets.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <poll.h>
#include <span>
#include <string>
#include <vector>

#include "tarsier/result.hpp"

namespace tarsier::discover_dns {

using Clock = std::chrono::steady_clock;

enum class RecordType : uint8_t { srv, a, aaaa, mx, ns };
std::string_view type_name(RecordType type);

struct Record {
  std::string host;   // a name without its final dot, or an address
  uint16_t port = 0;  // of SRV
  bool operator==(const Record&) const = default;
};
using Records = std::vector<Record>;

/// The records of an answer as the network gave it. `status` is c-ares': malformed bytes are an error, and none of the type is
/// ENODATA.
struct Parsed {
  int status = 0;
  Records records;
};
Parsed parse_answer(RecordType type, std::span<const uint8_t> answer);

struct Question {
  std::vector<std::string> names;
  RecordType type = RecordType::srv;
  std::string resolv_conf;
  std::chrono::nanoseconds timeout{};
  /// Called once, with one answer for each name. No records: the name, or all that it may stand for, does not exist or has none.
  std::function<void(std::vector<Result<Records>>)> done;
};

/// All calls on one thread.
class Lookup {
 public:
  explicit Lookup(Question question);
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  ~Lookup();

  void begin();
  bool finished() const noexcept { return open_ == 0; }
  void add_sockets(std::vector<pollfd>& sockets) const;
  /// When process() must be called even though no socket is ready.
  Clock::time_point next_time() const;
  /// `sockets` are those that add_sockets() added, after poll.
  void process(std::span<const pollfd> sockets);
  /// Ends what is still open.
  void cancel(const Error& why);
  /// Calls `done`; finished() before.
  void report();

 private:
  struct Name;
  struct Channel;

  void send(Name& name);
  void take(Name& name, int status, std::span<const uint8_t> answer);
  void settle(Name& name, Result<Records> outcome);

  Question question_;
  Clock::time_point deadline_;
  std::vector<std::unique_ptr<Name>> names_;  // c-ares points to them
  size_t open_ = 0;
  bool cancelled_ = false;
  std::unique_ptr<Channel> channel_;
};

}  // namespace tarsier::discover_dns
