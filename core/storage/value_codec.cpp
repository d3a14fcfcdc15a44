#include "core/storage/value_codec.hpp"

#include <cstring>
#include <xxhash.h>

namespace tarsier::storage {
namespace {

constexpr size_t kChecksumSize = 8;

/// Chained by seed, so that bytes cannot move between table, key and value unnoticed.
uint64_t checksum(std::string_view table, std::string_view key, std::string_view value) noexcept {
  const uint64_t of_table = XXH3_64bits(table.data(), table.size());
  const uint64_t of_key = XXH3_64bits_withSeed(key.data(), key.size(), of_table);
  return XXH3_64bits_withSeed(value.data(), value.size(), of_key);
}

class ChecksumCodec final : public ValueCodec {
 public:
  size_t overhead() const noexcept override { return kChecksumSize; }

  void pack(std::string_view table, std::string_view key, std::string_view value, char* out) const noexcept override {
    if (!value.empty()) std::memcpy(out, value.data(), value.size());
    const uint64_t sum = checksum(table, key, value);
    for (size_t i = 0; i < kChecksumSize; ++i) out[value.size() + i] = static_cast<char>(sum >> (8 * i));
  }

  bool unpack(std::string_view table, std::string_view key, std::string_view stored, std::string_view& value,
              Unpacked& /*unpacked*/) const override {
    if (stored.size() < kChecksumSize) return false;
    value = stored.substr(0, stored.size() - kChecksumSize);
    uint64_t sum = 0;
    for (size_t i = 0; i < kChecksumSize; ++i) {
      sum |= static_cast<uint64_t>(static_cast<unsigned char>(stored[value.size() + i])) << (8 * i);
    }
    return sum == checksum(table, key, value);
  }
};

}  // namespace

const ValueCodec& checksum_codec() noexcept {
  static const ChecksumCodec codec;
  return codec;
}

}  // namespace tarsier::storage
