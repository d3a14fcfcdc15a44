// What the child of the kill test writes under a number, so that the parent can tell whether it is right.
#pragma once

#include <cstdint>
#include <string>

namespace tarsier::storage::testing {

inline std::string written_key(uint64_t number) {
  std::string key(8, '\0');
  for (size_t i = 0; i < 8; ++i) key[i] = static_cast<char>(number >> (8 * (7 - i)));
  return key;
}

inline std::string written_value(uint64_t number) {
  return std::string(number * 2654435761U % 6000, static_cast<char>('a' + number % 26)) + std::to_string(number);
}

}  // namespace tarsier::storage::testing
