// CursorStore: how far each endpoint is, durably: "remote-write/cursors", one value an endpoint.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "plugins/forward/remote_write/position.hpp"
#include "tarsier/storage.hpp"

namespace tarsier::forward {

/// Of one shard. Everything of it before `acknowledged` needs no sending any more. `sending` is where a request ends that may have
/// been taken without our knowing it: it is sent again as it was, for receivers know what they have only if it comes the same.
struct ShardMark {
  Position acknowledged;
  Position sending;  // {}: nothing is under way
  bool operator==(const ShardMark&) const = default;
};

struct Cursor {
  std::vector<ShardMark> shards;  // their number decides which series belong to which
  uint64_t samples_before = 0;    // samples of the queue before the lowest mark
  bool operator==(const Cursor&) const = default;

  /// All shards at one place.
  static Cursor at(const Position& position, uint64_t shards, uint64_t samples_before);
  Position lowest() const noexcept;
};

std::string encode_cursor(const Cursor& cursor);
/// CORRUPT for what encode_cursor() does not write.
Result<Cursor> decode_cursor(std::string_view value);

class CursorStore {
 public:
  explicit CursorStore(const Host& host) : host_(host) {}
  /// [ctl] Also reads what is there. A file that is damaged is set aside: then all endpoints begin at now, and it is said.
  Result<void> open();
  const std::map<std::string, Cursor>& found() const noexcept { return found_; }
  /// [ctl] They have been used: an endpoint of such a name that comes later is a new one.
  void forget_found() { found_.clear(); }
  /// [ctl, work] Returns when it would survive the end of the process.
  Result<void> save(const std::string& endpoint, const Cursor& cursor) const;
  Result<void> remove(const std::string& endpoint) const;

 private:
  Result<void> read_all();
  const Host& host_;
  Env env_;
  std::map<std::string, Cursor> found_;
};

}  // namespace tarsier::forward
