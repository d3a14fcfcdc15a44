#include "plugins/forward/remote_write/queue_entry.hpp"

#include <cstring>
#include <snappy.h>

namespace tarsier::forward {
namespace {

constexpr char kVersion = 1;
constexpr size_t kHeadBytes = 1 + sizeof(int64_t) + sizeof(uint64_t) + sizeof(uint32_t);

template <class T>
void put_number(std::string& out, T value) {
  char raw[sizeof(value)];
  std::memcpy(raw, &value, sizeof(value));
  out.append(raw, sizeof(value));
}
template <class T>
T take_number(std::string_view& from) {
  T value;
  std::memcpy(&value, from.data(), sizeof(value));
  from.remove_prefix(sizeof(value));
  return value;
}

Error corrupt(const std::string& what) { return {TARSIER_CORRUPT, "an entry of the queue: " + what}; }

}  // namespace

std::string encode_entry(const EntryHead& head, std::span<const uint8_t> batch) {
  std::string value;
  value.reserve(kHeadBytes + snappy::MaxCompressedLength(batch.size()));
  value.push_back(kVersion);
  put_number(value, head.appended_ns);
  put_number(value, head.samples_before);
  put_number(value, head.samples);
  const size_t begin = value.size();
  value.resize(begin + snappy::MaxCompressedLength(batch.size()));
  size_t size = 0;
  snappy::RawCompress(reinterpret_cast<const char*>(batch.data()), batch.size(), value.data() + begin, &size);
  value.resize(begin + size);
  return value;
}

Result<EntryHead> decode_head(std::string_view value) {
  if (value.size() < kHeadBytes) return corrupt(std::to_string(value.size()) + " bytes are too few");
  if (value.front() != kVersion)
    return corrupt("version " + std::to_string(static_cast<unsigned char>(value.front())) + " is not known");
  value.remove_prefix(1);
  EntryHead head;
  head.appended_ns = take_number<int64_t>(value);
  head.samples_before = take_number<uint64_t>(value);
  head.samples = take_number<uint32_t>(value);
  return head;
}

Result<QueueEntry> decode_entry(uint64_t sequence, std::string_view value) {
  auto head = decode_head(value);
  if (!head) return std::move(head).error();
  value.remove_prefix(kHeadBytes);
  QueueEntry entry{sequence, *head, {}, 0};
  size_t size = 0;
  // No element of a block makes more than 64 bytes: who claims more wants room made for nothing.
  if (!snappy::GetUncompressedLength(value.data(), value.size(), &size) || size / 64 > value.size())
    return corrupt("no snappy block");
  entry.words.resize((size + 7) / 8);
  entry.size = size;
  if (!snappy::RawUncompress(value.data(), value.size(), reinterpret_cast<char*>(entry.words.data())))
    return corrupt("a damaged snappy block");
  const std::span<const uint8_t> batch(reinterpret_cast<const uint8_t*>(entry.words.data()), entry.size);
  if (auto verified = batch::verify(batch); !verified) return corrupt(verified.error().message());
  if (entry.view().kind() != TARSIER_BATCH_SAMPLES) return corrupt("a batch of another kind");
  return entry;
}

std::string sequence_key(uint64_t sequence) {
  std::string key;
  put_number(key, __builtin_bswap64(sequence));
  return key;
}

Result<uint64_t> key_sequence(std::string_view key) {
  if (key.size() != sizeof(uint64_t)) return corrupt("a key of " + std::to_string(key.size()) + " bytes");
  return __builtin_bswap64(take_number<uint64_t>(key));
}

}  // namespace tarsier::forward
