// The built page's files, embedded in the plugin file, plain and precompressed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tarsier::ui {

struct Asset {
  std::string_view path;  // "/assets/index-1a2b.js"
  std::string_view content_type;
  std::string_view hash;  // of the plain bytes
  std::string_view plain, gzip, brotli;
};

std::span<const Asset> assets() noexcept;

/// nullptr when there is no such file.
const Asset* find_asset(std::string_view path) noexcept;

enum class Encoding : uint8_t { plain, gzip, brotli };

/// The best that an Accept-Encoding header allows: brotli, gzip, or as it is.
Encoding choose_encoding(std::string_view accept_encoding) noexcept;

}  // namespace tarsier::ui
