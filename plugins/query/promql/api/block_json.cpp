#include "plugins/query/promql/api/block_json.hpp"

#include <algorithm>
#include <array>
#include <xxhash.h>

#include "plugins/lib/promql/text.hpp"
#include "tarsier/result.hpp"

namespace tarsier::promql {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kVersion = 1;  // of the form that clients know

/// Towards the past, also before 1970.
int64_t floor_ms(int64_t time_ns) { return time_ns / kNsPerMs - (time_ns % kNsPerMs < 0 ? 1 : 0); }

int64_t integer(uint64_t value) { return static_cast<int64_t>(std::min(value, static_cast<uint64_t>(INT64_MAX))); }

void write_block(json::Writer& json, const StoreBlock& block) {
  const tarsier_store_block& facts = block.facts;
  const std::string id = ulid(facts.min_time_ns, block.name);
  json.begin_object().key("ulid").string(id);
  json.key("minTime").integer(floor_ms(facts.min_time_ns)).key("maxTime").integer(floor_ms(facts.max_time_ns) + 1);
  json.key("stats").begin_object();
  json.key("numSamples").integer(integer(facts.samples)).key("numSeries").integer(integer(facts.series));
  json.key("numChunks").integer(integer(facts.chunks)).end_object();
  json.key("compaction").begin_object();
  json.key("level").integer(facts.level).key("sources").begin_array().string(id).end_array().end_object();
  json.key("version").integer(kVersion);
  json.key("name").string(block.name).key("sizeBytes").integer(integer(facts.bytes));
  if (facts.tier_ns != 0) json.key("tier").string(write_duration(facts.tier_ns));
  json.end_object();
}

}  // namespace

StoreBlock::StoreBlock(const tarsier_store_block& block) : name(view(block.name)), facts(block) { facts.name = {}; }

std::string ulid(int64_t time_ns, std::string_view name) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  constexpr size_t kTimeDigits = 10, kHashDigits = 16;
  constexpr unsigned kBits = 5;  // of a digit
  std::array<char, kTimeDigits + kHashDigits> text{};
  const auto write = [&](size_t first, size_t count, Wide number) {
    for (size_t i = count; i-- > 0; number >>= kBits) text[first + i] = kDigits[static_cast<size_t>(number & 31U)];
  };
  const XXH128_hash_t hash = XXH3_128bits(name.data(), name.size());
  write(0, kTimeDigits, static_cast<uint64_t>(std::max<int64_t>(0, floor_ms(time_ns))));
  write(kTimeDigits, kHashDigits, Wide{hash.high64} << 64U | hash.low64);
  return {text.data(), text.size()};
}

void write_blocks(json::Writer& json, const std::vector<StoreBlock>& blocks) {
  json.begin_object().key("blocks").begin_array();
  for (const StoreBlock& block : blocks) write_block(json, block);
  json.end_array().end_object();
}

}  // namespace tarsier::promql
