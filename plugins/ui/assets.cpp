#include "plugins/ui/assets.hpp"

#include <array>
#include <cstdint>

// assets.inc is written by web/scripts/precompress.mjs together with assets.S, which holds the bytes.
extern "C" {
// NOLINTBEGIN(bugprone-macro-parentheses): names that are declared cannot stand in parentheses
#define ASSET(path, type, hash, plain, plain_size, gzip, gzip_size, brotli, brotli_size) \
  extern const char plain[] __attribute__((visibility("hidden")));                       \
  extern const char gzip[] __attribute__((visibility("hidden")));                        \
  extern const char brotli[] __attribute__((visibility("hidden")));
// NOLINTEND(bugprone-macro-parentheses)
#include "assets.inc"
#undef ASSET
}

namespace tarsier::ui {

std::span<const Asset> assets() noexcept {
#define ASSET(path, type, hash, plain, plain_size, gzip, gzip_size, brotli, brotli_size) \
  Asset{path, type, hash, {plain, plain_size}, {gzip, gzip_size}, {brotli, brotli_size}},
  static const std::array kAssets = {
#include "assets.inc"
  };
#undef ASSET
  return kAssets;
}

const Asset* find_asset(std::string_view path) noexcept {
  for (const Asset& asset : assets())
    if (asset.path == path) return &asset;
  return nullptr;
}

}  // namespace tarsier::ui
