// ValueCodec: how a value is stored. The one place through which every value goes on its way in and out: checksums sit here, and
// encryption will.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace tarsier::storage {

/// Values that a codec had to unpack, kept until the snapshot ends. A deque, so that earlier views stay valid.
using Unpacked = std::deque<std::string>;

class ValueCodec {
 public:
  virtual ~ValueCodec() = default;
  /// Bytes that a stored value is longer than the value.
  virtual size_t overhead() const noexcept = 0;
  /// Writes the stored form, value.size() + overhead() bytes, to `out`.
  virtual void pack(std::string_view table, std::string_view key, std::string_view value, char* out) const noexcept = 0;
  /// The value within `stored`, or within `unpacked` when it had to be transformed; false when it does not verify.
  virtual bool unpack(std::string_view table, std::string_view key, std::string_view stored, std::string_view& value,
                      Unpacked& unpacked) const = 0;
};

/// The value as it is, and 8 bytes of XXH3-64 over table, key and value behind it: the value keeps LMDB's alignment (16 bytes on
/// overflow pages), and n * 4096 - 24 bytes fill whole pages together with LMDB's page header of 16.
const ValueCodec& checksum_codec() noexcept;

}  // namespace tarsier::storage
