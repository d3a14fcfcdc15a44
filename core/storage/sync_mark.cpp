#include "core/storage/sync_mark.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

namespace tarsier::storage {
namespace {

constexpr uint64_t kSlotDistance = 4096;
constexpr size_t kBootIdSize = 40;
constexpr char kMagic[8] = {'t', 's', 'r', 's', 'y', 'n', 'c', '1'};

/// As it lies on the disk, little-endian.
struct SlotImage {
  char magic[8];
  uint64_t number;
  char boot_id[kBootIdSize];
  char meta[kMetaHeadSize];
  uint64_t checksum;  // XXH3-64 of all before it
};
static_assert(sizeof(SlotImage) == 8 + 8 + kBootIdSize + kMetaHeadSize + 8);

constexpr size_t kChecked = sizeof(SlotImage) - sizeof(uint64_t);

std::string mark_path(const std::string& env_dir) { return env_dir + "/synced"; }

bool read_slot(std::string_view file, size_t index, SlotImage& slot) {
  if (file.size() < index * kSlotDistance + sizeof(slot)) return false;
  std::memcpy(&slot, file.data() + index * kSlotDistance, sizeof(slot));
  return std::memcmp(slot.magic, kMagic, sizeof(kMagic)) == 0 && slot.checksum == XXH3_64bits(&slot, kChecked);
}

template <class T>
T field(const char* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

bool is_meta(const MetaImage& meta) noexcept { return field<uint32_t>(meta.bytes.data() + kMetaMagicOffset) == kMetaMagic; }

Result<MetaImage> read_meta_at(int fd, uint64_t offset) {
  MetaImage meta;
  const ssize_t got = ::pread(fd, meta.bytes.data(), meta.bytes.size(), static_cast<off_t>(offset));
  if (got < 0) return system_error(errno, "read a meta page");
  if (static_cast<size_t>(got) != meta.bytes.size()) return Error(TARSIER_CORRUPT, "a meta page is cut short");
  return meta;
}

Result<uint64_t> page_size_of(int fd) {
  auto first = read_meta_at(fd, 0);
  if (!first) return std::move(first).error();
  const uint32_t size = field<uint32_t>(first->bytes.data() + kMetaPageSizeOffset);
  if (!is_meta(*first) || size < 4096 || size > 65536) return Error(TARSIER_CORRUPT, "page 0 is not a meta page");
  return uint64_t{size};
}

/// Writes the saved meta page where its transaction belongs, and an older number over the other one, so that LMDB picks the first.
Result<void> write_metas(const std::string& data_file, const MetaImage& saved) {
  auto fd = open_file(data_file, O_RDWR);
  if (!fd) return std::move(fd).error();
  const uint64_t page_size = field<uint32_t>(saved.bytes.data() + kMetaPageSizeOffset);
  MetaImage older = saved;
  const uint64_t older_txn = saved.txn() == 0 ? 0 : saved.txn() - 1;
  std::memcpy(older.bytes.data() + kMetaTxnOffset, &older_txn, sizeof(older_txn));
  const uint64_t place = saved.txn() & 1U;
  const uint64_t other = place ^ 1U;
  std::memcpy(older.bytes.data(), &other, sizeof(other));  // its page number
  if (auto ok = write_at(fd->get(), {saved.bytes.data(), saved.bytes.size()}, place * page_size, data_file); !ok) return ok;
  if (::fdatasync(fd->get()) != 0) return system_error(errno, "sync " + data_file);
  if (auto ok = write_at(fd->get(), {older.bytes.data(), older.bytes.size()}, other * page_size, data_file); !ok) return ok;
  if (::fdatasync(fd->get()) != 0) return system_error(errno, "sync " + data_file);
  return {};
}

}  // namespace

uint64_t MetaImage::txn() const noexcept { return field<uint64_t>(bytes.data() + kMetaTxnOffset); }

Result<MetaImage> read_meta(int data_fd, uint64_t txn) {
  auto page_size = page_size_of(data_fd);
  if (!page_size) return std::move(page_size).error();
  auto meta = read_meta_at(data_fd, (txn & 1U) * *page_size);
  if (meta && (!is_meta(*meta) || meta->txn() != txn)) {
    return Error::internal("the meta page of transaction " + std::to_string(txn) + " is not where LMDB 0.9 keeps it");
  }
  return meta;
}

Result<SyncMark> SyncMark::open(const std::string& env_dir) {
  const std::string path = mark_path(env_dir);
  const bool is_new = !file_exists(path);
  uint64_t number = 0;
  if (!is_new) {
    auto newest = read(env_dir);
    if (newest && newest->has_value()) number = (*newest)->number;
  }
  auto fd = open_file(path, O_RDWR | O_CREAT);
  if (!fd) return std::move(fd).error();
  if (is_new) {
    if (auto ok = write_at(fd->get(), std::string(2 * kSlotDistance, '\0'), 0, path); !ok) return std::move(ok).error();
    if (::fsync(fd->get()) != 0) return system_error(errno, "sync " + path);
  }
  return SyncMark(std::move(*fd), path, number);
}

Result<void> SyncMark::write(const MetaImage& meta, const std::string& boot_id) {
  SlotImage slot{};
  std::memcpy(slot.magic, kMagic, sizeof(kMagic));
  slot.number = number_ + 1;
  std::memcpy(slot.boot_id, boot_id.data(), std::min(boot_id.size(), kBootIdSize));
  std::memcpy(slot.meta, meta.bytes.data(), kMetaHeadSize);
  slot.checksum = XXH3_64bits(&slot, kChecked);
  const std::string_view bytes(reinterpret_cast<const char*>(&slot), sizeof(slot));
  if (auto ok = write_at(fd_.get(), bytes, (slot.number & 1U) * kSlotDistance, path_); !ok) return ok;
  if (::fdatasync(fd_.get()) != 0) return system_error(errno, "sync " + path_);
  number_ = slot.number;
  return {};
}

Result<void> SyncMark::remove(const std::string& env_dir) {
  if (!file_exists(mark_path(env_dir))) return {};
  if (auto ok = remove_file(mark_path(env_dir)); !ok) return ok;
  return sync_directory(env_dir);
}

Result<std::optional<SyncMark::Slot>> SyncMark::read(const std::string& env_dir) {
  const std::string path = mark_path(env_dir);
  if (!file_exists(path)) return std::optional<Slot>();
  auto file = read_file(path);
  if (!file) return std::move(file).error();
  SlotImage slots[2];
  const bool valid[2] = {read_slot(*file, 0, slots[0]), read_slot(*file, 1, slots[1])};
  // Only zeros: the power went between the making of the file and its first slot, and nothing was written without a sync.
  if (std::all_of(file->begin(), file->end(), [](char c) { return c == '\0'; })) return std::optional<Slot>();
  if (!valid[0] && !valid[1]) return Error(TARSIER_CORRUPT, path + ": neither slot verifies");
  const SlotImage& newest = !valid[1] || (valid[0] && slots[0].number > slots[1].number) ? slots[0] : slots[1];
  Slot slot;
  slot.number = newest.number;
  slot.boot_id.assign(newest.boot_id, strnlen(newest.boot_id, kBootIdSize));
  std::memcpy(slot.meta.bytes.data(), newest.meta, kMetaHeadSize);
  return std::optional<Slot>(std::move(slot));
}

Result<Recovered> recover_synced_state(const std::string& env_dir, const std::string& boot_id) {
  auto slot = SyncMark::read(env_dir);
  if (!slot) return std::move(slot).error();
  if (!slot->has_value()) return Recovered::kClean;
  const MetaImage& saved = (*slot)->meta;
  const std::string data_file = env_dir + "/data.mdb";
  auto fd = open_file(data_file, O_RDONLY);
  if (!fd) return std::move(fd).error();
  const uint64_t page_size = field<uint32_t>(saved.bytes.data() + kMetaPageSizeOffset);
  auto first = read_meta_at(fd->get(), 0);
  auto second = read_meta_at(fd->get(), page_size);
  const bool whole = first && second && is_meta(*first) && is_meta(*second);
  const bool newest_is_saved = whole && std::max(first->txn(), second->txn()) == saved.txn();
  if (newest_is_saved) return Recovered::kClean;
  if (whole && !boot_id.empty() && (*slot)->boot_id == boot_id) return Recovered::kNotSynced;
  if (auto ok = write_metas(data_file, saved); !ok) return std::move(ok).error();
  return Recovered::kRolledBack;
}

std::string current_boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id");
  if (!text) return {};
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return text->substr(0, kBootIdSize);
}

}  // namespace tarsier::storage
