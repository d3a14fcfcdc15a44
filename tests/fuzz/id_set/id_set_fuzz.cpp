// Any bytes, taken for two sets of ids as a partition keeps them: each is refused or decoded to ids below the bound, and encoded
// again to what decodes to the same. What is accepted is operated on, and the results must agree with one another.
#include <cstdlib>

#include "plugins/storage/samples/id_set_codec.hpp"

using namespace tarsier::samples;

namespace {

constexpr uint32_t kBound = 5 * kContainerIds / 2;

void require(bool holds) {
  if (!holds) std::abort();
}

bool decode(std::span<const uint8_t> bytes, uint64_t count, IdSet& ids) {
  IdSet room;
  const auto read = StoredSet(bytes, count, kBound, "fuzz").read(room);
  if (read) ids = **read;
  return read.ok();
}

void check(const IdSet& ids, uint64_t count) {
  require(ids.size() == count);
  uint64_t seen = 0;
  uint32_t next = 0;
  for (const uint32_t id : ids) {
    require(id >= next && id < kBound);
    next = id + 1;
    ++seen;
  }
  require(seen == count && ids.count_from(0) == count && ids.next(next) == kNoId);
  std::vector<uint8_t> bytes;
  ByteWriter writer(bytes);
  encode_ids(ids, writer);
  IdSet again;
  require(decode(bytes, count, again) && subtract(ids, again).empty() && again.size() == count);
}

}  // namespace

/// Sizes of the sets, bytes of the first one, then the first set and the second.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteReader in({data, size});
  const uint64_t first_count = in.varint(), second_count = in.varint();
  const auto first_bytes = in.bytes(in.count(1));
  if (!in.ok()) return 0;
  IdSet first, second;
  if (!decode(first_bytes, first_count, first)) return 0;
  check(first, first_count);
  if (!decode(in.bytes(in.remaining()), second_count, second)) return 0;
  check(second, second_count);
  const IdSet both = intersect(first, second), rest = subtract(first, second);
  require(both.size() + rest.size() == first.size() && both.empty() != meet(first, second) && !meet(rest, second));
  IdUnion all;
  all.add(rest);
  all.add(second);
  check(all.take(), rest.size() + second_count);
  return 0;
}
