#include "core/storage/page_walk.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <xxhash.h>

#include "core/storage/mapped_file.hpp"

namespace tarsier::storage {
namespace {

constexpr size_t kPageHeader = 16;
constexpr size_t kNodeHeader = 8;
constexpr size_t kTreeSize = 48;  // MDB_db
constexpr uint16_t kBranch = 0x01;
constexpr uint16_t kLeaf = 0x02;
constexpr uint16_t kMeta = 0x08;
constexpr uint16_t kBigData = 0x01;
constexpr uint16_t kSubTree = 0x02;
constexpr unsigned kMaxDepth = 32;
constexpr uint64_t kNoPage = ~uint64_t{0};

template <class T>
T read(const char* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

struct Tree {
  uint16_t depth = 0;
  uint64_t entries = 0;
  uint64_t root = kNoPage;
};

Tree read_tree(const char* at) noexcept { return {read<uint16_t>(at + 6), read<uint64_t>(at + 32), read<uint64_t>(at + 40)}; }

enum class Kind { kFreeList, kMain, kTable };

class Walk {
 public:
  Walk(const MappedFile& file, const std::string& path) : file_(file), path_(path) {}

  Result<TreeSum> run() {
    const char* meta = newest_meta();
    if (meta == nullptr) return corrupt(0, "has no valid meta page");
    page_size_ = read<uint32_t>(meta + kMetaPageSizeOffset);
    const uint64_t last_page = read<uint64_t>(meta + kMetaLastPageOffset);
    if (last_page < 1 || last_page >= uint64_t{1} << 48U) return corrupt(0, "impossible number of pages");
    numbered_ = last_page + 1;
    // Pages at the end that were taken and freed by one transaction were never written: the file may be shorter than it is
    // numbered.
    pages_ = std::min(numbered_, file_.size() / page_size_);
    sum_.bytes = pages_ * page_size_;
    sum_.txn = read<uint64_t>(meta + kMetaTxnOffset);
    if (auto ok = walk(read_tree(meta + kMetaPageSizeOffset), Kind::kFreeList); !ok) return std::move(ok).error();
    sum_.entries = 0;
    if (auto ok = walk(read_tree(meta + kMetaPageSizeOffset + kTreeSize), Kind::kMain); !ok) return std::move(ok).error();
    return sum_;
  }

 private:
  const char* newest_meta() const noexcept {
    const char* newest = nullptr;
    for (uint32_t page_size = 4096; newest == nullptr && page_size <= 65536; page_size *= 2) {
      for (const uint64_t at : {uint64_t{0}, uint64_t{page_size}}) {
        if (at + page_size > file_.size()) continue;
        const char* meta = file_.data() + at;
        const bool valid = (read<uint16_t>(meta + 10) & kMeta) != 0 && read<uint32_t>(meta + kMetaMagicOffset) == kMetaMagic &&
                           read<uint32_t>(meta + kMetaPageSizeOffset) == page_size;
        if (!valid) {
          newest = nullptr;  // LMDB needs both
          break;
        }
        if (newest == nullptr || read<uint64_t>(meta + kMetaTxnOffset) > read<uint64_t>(newest + kMetaTxnOffset)) newest = meta;
      }
    }
    return newest;
  }

  Error corrupt(uint64_t page, std::string_view what) const {
    return {TARSIER_CORRUPT, path_ + ": page " + std::to_string(page) + ": " + std::string(what)};
  }

  Result<void> walk(const Tree& tree, Kind kind) {
    if (tree.root == kNoPage) return {};
    if (tree.depth == 0 || tree.depth > kMaxDepth) return corrupt(tree.root, "impossible depth of the tree");
    const uint64_t before = sum_.entries;
    std::string_view last;
    if (auto ok = page(tree.root, 1, tree.depth, kind, last); !ok) return ok;
    if (kind == Kind::kTable && sum_.entries - before != tree.entries) return corrupt(tree.root, "wrong number of entries below");
    return {};
  }

  Result<void> page(uint64_t number, unsigned level, unsigned depth, Kind kind, std::string_view& last) {
    if (number < 2 || number >= pages_) return corrupt(number, "is outside of the file");
    if (++visited_ > pages_) return corrupt(number, "the tree has a cycle");
    const char* at = file_.data() + number * page_size_;
    const uint16_t lower = read<uint16_t>(at + 12);
    const uint16_t upper = read<uint16_t>(at + 14);
    const bool leaf = level == depth;
    if (read<uint64_t>(at) != number) return corrupt(number, "carries another page's number");
    if (read<uint16_t>(at + 10) != (leaf ? kLeaf : kBranch)) return corrupt(number, "is not the kind of page that belongs here");
    if (lower < kPageHeader || lower > upper || upper > page_size_ || lower % 2 != 0)
      return corrupt(number, "impossible fill marks");
    const size_t count = (lower - kPageHeader) / 2;
    if (count < (leaf ? 1U : 2U)) return corrupt(number, "has too few entries");
    sum_.hash = XXH3_64bits_withSeed(at, page_size_, sum_.hash);
    for (size_t i = 0; i < count; ++i) {
      const size_t offset = read<uint16_t>(at + kPageHeader + 2 * i);
      if (offset < upper || offset + kNodeHeader > page_size_) return corrupt(number, "an entry lies outside of the page");
      auto ok = leaf ? entry(number, at, offset, kind, last) : child(number, at, offset, i == 0, level, depth, kind, last);
      if (!ok) return ok;
    }
    return {};
  }

  Result<void> child(uint64_t number, const char* at, size_t offset, bool first, unsigned level, unsigned depth, Kind kind,
                     std::string_view& last) {
    const char* node = at + offset;
    const size_t key_size = read<uint16_t>(node + 6);
    if (offset + kNodeHeader + key_size > page_size_) return corrupt(number, "a key reaches beyond the page");
    const std::string_view key(node + kNodeHeader, key_size);
    // The first key of a branch page stands for "below the second" and may be empty or stale.
    if (!first && kind != Kind::kFreeList && !(last < key)) return corrupt(number, "keys are out of order");
    const uint64_t below =
        read<uint16_t>(node) | uint64_t{read<uint16_t>(node + 2)} << 16U | uint64_t{read<uint16_t>(node + 4)} << 32U;
    const uint64_t before = sum_.entries;
    if (auto ok = page(below, level + 1, depth, kind, last); !ok) return ok;
    if (sum_.entries == before && kind == Kind::kTable) return corrupt(below, "is empty");
    return {};
  }

  Result<void> entry(uint64_t number, const char* at, size_t offset, Kind kind, std::string_view& last) {
    const char* node = at + offset;
    const uint64_t size = read<uint16_t>(node) | uint64_t{read<uint16_t>(node + 2)} << 16U;
    const uint16_t flags = read<uint16_t>(node + 4);
    const size_t key_size = read<uint16_t>(node + 6);
    const size_t data_at = offset + kNodeHeader + key_size;
    const bool big = flags == kBigData;
    const bool sub_tree = flags == kSubTree;
    if (flags != 0 && !big && !(sub_tree && kind == Kind::kMain)) return corrupt(number, "an entry has unknown flags");
    if (key_size == 0 || data_at + (big ? 8 : size) > page_size_) return corrupt(number, "an entry reaches beyond the page");
    const std::string_view key(node + kNodeHeader, key_size);
    if (kind != Kind::kFreeList) {
      if (!(last < key)) return corrupt(number, "keys are out of order");
      last = key;
    }
    ++sum_.entries;
    if (big) {
      const uint64_t first = read<uint64_t>(at + data_at);
      const uint64_t needed = (kPageHeader + size + page_size_ - 1) / page_size_;
      if (first < 2 || first >= pages_ || needed > pages_ - first) return corrupt(number, "a value reaches beyond the file");
    }
    if (kind == Kind::kFreeList)
      return free_list(number, big ? file_.data() + read<uint64_t>(at + data_at) * page_size_ + kPageHeader : at + data_at, size);
    if (!sub_tree) return {};
    if (size != kTreeSize) return corrupt(number, "a table's record has the wrong size");
    --sum_.entries;
    return walk(read_tree(at + data_at), Kind::kTable);
  }

  /// A list of page numbers, preceded by its length.
  Result<void> free_list(uint64_t number, const char* list, uint64_t size) const {
    if (size < 8 || read<uint64_t>(list) > size / 8 - 1) return corrupt(number, "a free list is longer than its record");
    const uint64_t count = read<uint64_t>(list);
    for (uint64_t i = 1; i <= count; ++i) {
      const uint64_t free_page = read<uint64_t>(list + 8 * i);
      if (free_page < 2 || free_page >= numbered_) return corrupt(number, "a free list names an impossible page");
    }
    return {};
  }

  const MappedFile& file_;
  const std::string& path_;
  uint64_t page_size_ = 4096;
  uint64_t numbered_ = 0;
  uint64_t pages_ = 0;
  uint64_t visited_ = 0;
  TreeSum sum_;
};

}  // namespace

Result<TreeSum> walk_tree(const std::string& data_file) {
  auto file = MappedFile::of(data_file);
  if (!file) return std::move(file).error();
  return Walk(*file, data_file).run();
}

}  // namespace tarsier::storage
