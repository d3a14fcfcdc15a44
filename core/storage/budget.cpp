#include "core/storage/budget.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <sys/statvfs.h>

namespace tarsier::storage {
namespace {

constexpr int64_t kFreeSpaceValidNs = 20'000'000;

// "64 MiB", "1.5 GiB": to be read, one digit after the point.
std::string readable_size(uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  size_t unit = 0;
  double size = static_cast<double>(bytes);
  for (; size >= 1024 && unit + 1 < std::size(kUnits); ++unit) size /= 1024;
  const auto tenths = static_cast<uint64_t>(size * 10);
  return std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10)) + " " + kUnits[unit];
}

}  // namespace

uint64_t Budget::used_bytes() const noexcept {
  return static_cast<uint64_t>(std::max<int64_t>(0, used_.load(std::memory_order_relaxed)));
}

void Budget::add(int64_t bytes) noexcept {
  used_.fetch_add(bytes, std::memory_order_relaxed);
  if (bytes > 0) free_.fetch_sub(bytes, std::memory_order_relaxed);
}

uint64_t Budget::free_bytes() {
  const int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  if (now - checked_ns_.load(std::memory_order_relaxed) > kFreeSpaceValidNs) return ask_free_bytes();
  return static_cast<uint64_t>(std::max<int64_t>(0, free_.load(std::memory_order_relaxed)));
}

uint64_t Budget::ask_free_bytes() {
  struct statvfs found{};
  if (::statvfs(options_.data_dir.c_str(), &found) == 0) free_ = static_cast<int64_t>(found.f_bavail * found.f_frsize);
  checked_ns_ = std::chrono::steady_clock::now().time_since_epoch().count();
  return static_cast<uint64_t>(std::max<int64_t>(0, free_.load(std::memory_order_relaxed)));
}

Result<void> Budget::admit(uint64_t bytes) {
  if (options_.total_quota_bytes != 0 && used_bytes() + bytes > options_.total_quota_bytes) {
    return Error(TARSIER_RESOURCE,
                 std::string("host.storage.quota, ") + readable_size(options_.total_quota_bytes) + ", is used up");
  }
  if (options_.min_free_bytes == 0) return {};
  const uint64_t free = free_bytes();
  if (free < options_.min_free_bytes || free - options_.min_free_bytes < bytes) {
    return Error(TARSIER_RESOURCE, std::string("only ") + readable_size(free) + " are free in " + options_.data_dir + ", and " +
                                       readable_size(options_.min_free_bytes) + " must stay free (host.storage.min_free)");
  }
  free_.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  return {};
}

}  // namespace tarsier::storage
