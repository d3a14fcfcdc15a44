// MD5 (RFC 1321): no longer good for secrets, good for spreading targets, and what hashmod has always been.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tarsier::relabel {

std::array<uint8_t, 16> md5(std::string_view text) noexcept;

}  // namespace tarsier::relabel
