#include "core/storage/salvage.hpp"

#include <algorithm>
#include <cstring>

#include "core/storage/mapped_file.hpp"
#include "core/storage/value_codec.hpp"

namespace tarsier::storage {
namespace {

constexpr size_t kPageSize = 4096;
constexpr size_t kPageHeader = 16;
constexpr size_t kNodeHeader = 8;
constexpr size_t kLongestKey = 511;
constexpr uint64_t kFirstPage = 2;  // those before it are meta pages
constexpr uint16_t kOverflow = 0x04;
constexpr uint16_t kBigData = 0x01;

template <class T>
T read(const char* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

class Search {
 public:
  Search(const MappedFile& file, const std::vector<std::string>& tables, const Salvaged& each)
      : file_(file), tables_(tables), each_(each), pages_(file.size() / kPageSize) {}

  void run() {
    for (uint64_t number = kFirstPage; number < pages_; number += length_of(number)) search_page(file_.data() + number * kPageSize);
  }

 private:
  /// Of a long value in pages, so that what a user wrote is not searched for entries; 1 for any other page.
  uint64_t length_of(uint64_t number) const noexcept {
    const char* page = file_.data() + number * kPageSize;
    const uint64_t length = read<uint32_t>(page + 12);
    const bool is_value = read<uint64_t>(page) == number && read<uint16_t>(page + 10) == kOverflow;
    return is_value && length != 0 && length <= pages_ - number ? length : 1;
  }

  /// The header of a page may be what is damaged, so its entries are looked for where they can be: the list of their places ends
  /// where the first of them begins.
  void search_page(const char* page) const {
    size_t end = kPageSize;
    for (size_t place = kPageHeader; place + 2 <= end; place += 2) {
      const size_t offset = read<uint16_t>(page + place);
      if (offset < place + 2 || offset + kNodeHeader > kPageSize) continue;
      if (search_node(page, offset)) end = std::min(end, offset);
    }
  }

  /// True when it is an entry.
  bool search_node(const char* page, size_t offset) const {
    const char* node = page + offset;
    const uint64_t size = read<uint16_t>(node) | uint64_t{read<uint16_t>(node + 2)} << 16U;
    const size_t key_size = read<uint16_t>(node + 6);
    const size_t data_at = offset + kNodeHeader + key_size;
    if (key_size == 0 || key_size > kLongestKey || data_at > kPageSize) return false;
    const std::string_view key(node + kNodeHeader, key_size);
    const uint16_t flags = read<uint16_t>(node + 4);
    if (flags == 0) return data_at + size <= kPageSize && tell(key, {page + data_at, size});
    if (flags != kBigData || data_at + sizeof(uint64_t) > kPageSize) return false;
    const uint64_t first = read<uint64_t>(page + data_at);
    if (first < kFirstPage || first >= pages_) return false;
    const uint64_t at = first * kPageSize + kPageHeader;
    return size <= file_.size() - at && tell(key, {file_.data() + at, size});
  }

  bool tell(std::string_view key, std::string_view stored) const {
    Unpacked unpacked;
    for (const std::string& table : tables_) {
      std::string_view value;
      if (!checksum_codec().unpack(table, key, stored, value, unpacked)) continue;
      each_(table, key, value);
      return true;
    }
    return false;
  }

  const MappedFile& file_;
  const std::vector<std::string>& tables_;
  const Salvaged& each_;
  const uint64_t pages_;
};

}  // namespace

Result<void> salvage_file(const std::string& data_file, const std::vector<std::string>& tables, const Salvaged& each) {
  auto file = MappedFile::of(data_file);
  if (!file) return file.error().code() == TARSIER_CORRUPT ? Result<void>() : Result<void>(std::move(file).error());
  Search(*file, tables, each).run();
  return {};
}

}  // namespace tarsier::storage
