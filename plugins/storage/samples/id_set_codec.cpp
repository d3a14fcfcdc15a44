#include "id_set_codec.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kFew = 16;  // ids that are runs without saying so
constexpr uint8_t kRunsForm = 0, kContainersForm = 1;
enum Form : uint64_t {  // of a container
  kGaps = 0,
  kRuns = 1,
  kBitmap = 2
};

uint32_t varint_size(uint64_t value) noexcept { return (static_cast<uint32_t>(std::bit_width(value | 1)) + 6) / 7; }

/// Runs: what each call writes follows what the one before has written.
class RunWriter {
 public:
  explicit RunWriter(ByteWriter& out) noexcept : out_(out) {}
  void put(uint32_t first, uint32_t last) {
    const uint64_t length = uint64_t{last} - first + 1;
    out_.varint((first - next_) << 1 | (length > 1 ? 1U : 0U));
    if (length > 1) out_.varint(length);
    next_ = uint64_t{last} + 1;
  }

 private:
  ByteWriter& out_;
  uint64_t next_ = 0;
};

/// Calls use(first, length) for runs of `count` ids below `bound`, and fails where there are others.
template <class Use>
void read_runs(ByteReader& in, uint64_t count, uint32_t bound, Use&& use) {
  uint64_t next = 0;
  while (count != 0) {
    const uint64_t head = in.varint();
    const uint64_t length = (head & 1) != 0 ? in.varint() : 1;
    const uint64_t gap = head >> 1;
    if (!in.ok() || length == 0 || length > count || gap > bound || next + gap + length > bound) return in.fail();
    next += gap;
    use(static_cast<uint32_t>(next), static_cast<uint32_t>(length));
    next += length;
    count -= length;
  }
}

void encode_gaps(const Container& container, ByteWriter& out) {
  out.varint(container.count - 1);
  uint32_t next = 0;
  each_run(container, [&](uint32_t first, uint32_t last) {
    for (uint32_t id = first; id <= last; ++id) {
      out.varint(id - next);
      next = id + 1;
    }
  });
}

uint32_t used_words(const Container& container) noexcept {
  uint32_t last = 0;
  each_run(container, [&](uint32_t, uint32_t end) { last = end; });
  return last / 64 + 1;
}

void encode_bitmap(const Container& container, uint32_t words, ByteWriter& out) {
  const IdBits bits(container);
  out.varint(words - 1);
  for (uint32_t i = 0; i < words; ++i) out.u64(bits.words()[i]);
}

void encode_container(const Container& container, uint32_t key_gap, std::vector<uint8_t>& runs, ByteWriter& out) {
  runs.clear();
  ByteWriter run_bytes(runs);
  run_bytes.varint(container.count - 1);
  RunWriter writer(run_bytes);
  size_t gaps_size = varint_size(container.count - 1);
  uint32_t next = 0;
  each_run(container, [&](uint32_t first, uint32_t last) {
    writer.put(first, last);
    gaps_size += varint_size(first - next) + (last - first);
    next = last + 1;
  });
  const uint32_t words = used_words(container);
  const size_t bitmap_size = varint_size(words - 1) + size_t{words} * sizeof(uint64_t);
  const Form form = runs.size() <= std::min(gaps_size, bitmap_size) ? kRuns : gaps_size <= bitmap_size ? kGaps : kBitmap;
  out.varint(uint64_t{key_gap} << 2 | form);
  if (form == kRuns) out.bytes(runs);
  if (form == kGaps) encode_gaps(container, out);
  if (form == kBitmap) encode_bitmap(container, words, out);
}

/// `bound`: of the lower bits.
void decode_gaps(ByteReader& in, uint64_t count, uint32_t base, uint32_t bound, IdSet& out) {
  uint64_t next = 0;
  for (; count != 0; --count) {
    const uint64_t gap = in.varint();
    if (!in.ok() || gap >= bound || next + gap >= bound) return in.fail();
    next += gap;
    out.append(base | static_cast<uint32_t>(next));
    ++next;
  }
}

/// Returns how many ids it has.
uint64_t decode_bitmap(ByteReader& in, uint64_t most, uint32_t key, uint32_t bound, IdSet& out) {
  const uint64_t words = in.count(0, kBitmapWords - 1) + 1;
  IdBits bits;
  uint64_t last = 0;
  for (uint32_t i = 0; i < words && in.ok(); ++i) {
    last = in.u64();
    bits.set_word(i, last);
  }
  if (!in.ok() || last == 0 || words * 64 - static_cast<uint64_t>(std::countl_zero(last)) > bound) return in.fail(), uint64_t{0};
  const Container container = bits.view(key);
  if (container.count > most) return in.fail(), uint64_t{0};
  out.append(container);
  return container.count;
}

uint64_t decode_container(ByteReader& in, uint64_t most, uint32_t key, uint64_t form, uint32_t bound, IdSet& out) {
  if (form == kBitmap) return decode_bitmap(in, most, key, bound, out);
  const uint64_t count = in.count(0, kContainerIds - 1) + 1;
  if (!in.ok() || count > most || form > kBitmap) return in.fail(), uint64_t{0};
  const uint32_t base = key << 16;
  if (form == kGaps) {
    decode_gaps(in, count, base, bound, out);
  } else {
    read_runs(in, count, bound, [&](uint32_t first, uint32_t length) { out.append_run(base | first, length); });
  }
  return count;
}

void encode_runs(const IdSet& ids, ByteWriter& out) {
  RunWriter runs(out);
  uint32_t first = 0, end = 0;
  for (ContainerWalk walk(ids); !walk.done(); walk.next()) {
    const uint32_t base = walk->key << 16;
    each_run(*walk, [&](uint32_t low, uint32_t last) {
      if (first == end || base + low != end) {  // else it goes on from the container before
        if (first != end) runs.put(first, end - 1);
        first = base + low;
      }
      end = base + last + 1;
    });
  }
  if (first != end) runs.put(first, end - 1);
}

void encode_containers(const IdSet& ids, ByteWriter& out) {
  std::vector<uint8_t> room;
  uint32_t key = 0;
  for (ContainerWalk walk(ids); !walk.done(); walk.next()) {
    encode_container(*walk, walk->key - key, room, out);
    key = walk->key + 1;
  }
}

void decode_containers(ByteReader& in, uint64_t count, uint32_t bound, IdSet& out) {
  uint64_t key = 0;
  while (count != 0) {
    const uint64_t head = in.varint();
    key += std::min<uint64_t>(head >> 2, kContainerIds);
    if (!in.ok() || key << 16 >= bound) return in.fail();
    const auto low_bound = static_cast<uint32_t>(std::min<uint64_t>(kContainerIds, bound - (key << 16)));
    count -= decode_container(in, count, static_cast<uint32_t>(key), head & 3, low_bound, out);
    if (!in.ok()) return;
    ++key;
  }
}

}  // namespace

/// Runs of all ids repeat themselves, which makes them smaller still when they are compressed: containers have to be half as large.
void encode_ids(const IdSet& ids, ByteWriter& out) {
  if (ids.size() <= kFew) return encode_runs(ids, out);
  std::vector<uint8_t> runs, containers;
  ByteWriter run_bytes(runs), container_bytes(containers);
  encode_runs(ids, run_bytes);
  encode_containers(ids, container_bytes);
  const bool contained = containers.size() * 2 < runs.size();
  out.u8(contained ? kContainersForm : kRunsForm);
  out.bytes(contained ? containers : runs);
}

void decode_ids(ByteReader& in, uint64_t count, uint32_t bound, IdSet& out) {
  const uint8_t form = count <= kFew ? kRunsForm : in.u8();
  if (!in.ok() || form > kContainersForm) return in.fail();
  if (form == kContainersForm) return decode_containers(in, count, bound, out);
  read_runs(in, count, bound, [&](uint32_t first, uint32_t length) { out.append_run(first, length); });
}

Result<const IdSet*> StoredSet::read(IdSet& room) const {
  if (set_ != nullptr) return set_;
  room.clear();
  ByteReader in(encoded_);
  decode_ids(in, size_, bound_, room);
  if (!in.ok() || !in.at_end()) return Error{TARSIER_CORRUPT, std::string(owner_) + ": postings are malformed"};
  return &room;
}

}  // namespace tarsier::samples
