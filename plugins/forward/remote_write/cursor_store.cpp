#include "plugins/forward/remote_write/cursor_store.hpp"

#include <algorithm>
#include <cstring>

#include "tarsier/varint.hpp"

namespace tarsier::forward {
namespace {

constexpr std::string_view kName = "remote-write/cursors";
constexpr std::string_view kAside = "remote-write/damaged.cursors";
constexpr std::string_view kTable = "cursors";
constexpr uint8_t kVersion = 1;
constexpr uint64_t kMaxShards = 100'000;

void put_position(std::vector<uint8_t>& out, const Position& position) {
  append_varint(out, position.sequence);
  append_varint(out, position.series);
  append_varint(out, position.row);
}

bool take_position(const uint8_t*& at, const uint8_t* end, Position& position) {
  uint64_t series = 0, row = 0;
  if (!read_varint(at, end, position.sequence) || !read_varint(at, end, series) || !read_varint(at, end, row)) return false;
  if (series > UINT32_MAX || row > UINT32_MAX) return false;
  position.series = static_cast<uint32_t>(series);
  position.row = static_cast<uint32_t>(row);
  return true;
}

}  // namespace

Cursor Cursor::at(const Position& position, uint64_t shards, uint64_t samples_before) {
  return {std::vector<ShardMark>(shards, ShardMark{position, {}}), samples_before};
}

Position Cursor::lowest() const noexcept { return std::ranges::min_element(shards, {}, &ShardMark::acknowledged)->acknowledged; }

std::string encode_cursor(const Cursor& cursor) {
  std::vector<uint8_t> out{kVersion};
  append_varint(out, cursor.samples_before);
  append_varint(out, cursor.shards.size());
  for (const ShardMark& mark : cursor.shards) {
    put_position(out, mark.acknowledged);
    put_position(out, mark.sending);
  }
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

Result<Cursor> decode_cursor(std::string_view value) {
  const Error bad(TARSIER_CORRUPT, "a cursor of " + std::to_string(value.size()) + " bytes cannot be read");
  const auto* at = reinterpret_cast<const uint8_t*>(value.data());
  const auto* const end = at + value.size();
  if (at == end || *at++ != kVersion) return bad;
  Cursor cursor;
  uint64_t count = 0;
  if (!read_varint(at, end, cursor.samples_before) || !read_varint(at, end, count) || count == 0 || count > kMaxShards) return bad;
  for (; count > 0; --count) {
    ShardMark& mark = cursor.shards.emplace_back();
    if (!take_position(at, end, mark.acknowledged) || !take_position(at, end, mark.sending)) return bad;
  }
  if (at != end) return bad;
  return cursor;
}

Result<void> CursorStore::open() {
  // Not more durable than this: after a power cut what was acknowledged last is sent again, and nothing is lost.
  auto env = open_env(host_, kName, TARSIER_ENV_CREATE, 0, TARSIER_DURABILITY_INTERVAL);
  if (!env && env.error().code() == TARSIER_CORRUPT) {
    host_.error("the cursors of remote write are damaged: endpoints begin with what comes now",
                {field("kept_as", kAside), field("error", env.error().message())});
    if (auto renamed = rename_env(host_, kName, kAside); !renamed) return std::move(renamed).error().in("set aside the cursors");
    env = open_env(host_, kName, TARSIER_ENV_CREATE, 0, TARSIER_DURABILITY_INTERVAL);
  }
  if (!env) return std::move(env).error();
  env_ = std::move(*env);
  return read_all();
}

Result<void> CursorStore::read_all() {
  auto snapshot = env_.read();
  if (!snapshot) return std::move(snapshot).error();
  auto cursor = snapshot->cursor(kTable);
  if (!cursor) return std::move(cursor).error();
  for (auto entry = cursor->seek(""); entry || cursor->stands(); entry = cursor->next()) {
    auto decoded = entry ? decode_cursor(entry->value) : Result<Cursor>(entry.error());
    if (decoded) {
      found_.insert_or_assign(std::string(entry->key), std::move(*decoded));
    } else {
      host_.error("the cursor of an endpoint is damaged: it begins with what comes now",
                  {field("error", decoded.error().message())});
    }
  }
  return {};
}

Result<void> CursorStore::save(const std::string& endpoint, const Cursor& cursor) const {
  const std::string value = encode_cursor(cursor);
  const tarsier_op op = put(kTable, endpoint, value);
  return env_.write_wait({&op, 1});
}

Result<void> CursorStore::remove(const std::string& endpoint) const {
  const tarsier_op op = erase(kTable, endpoint);
  return env_.write_wait({&op, 1});
}

}  // namespace tarsier::forward
