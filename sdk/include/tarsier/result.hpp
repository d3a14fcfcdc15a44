// tarsier/result.hpp - errors as values. A function that can fail returns Result<T>; an Error says what was attempted, on which
// value, and what was found, and converts to and from the C struct that crosses the ABI.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "abi/types.h"

namespace tarsier {

inline std::string_view view(tarsier_str text) noexcept { return {text.data, static_cast<size_t>(text.size)}; }
inline tarsier_str str(std::string_view text) noexcept { return {text.data() ? text.data() : "", text.size()}; }
inline tarsier_bytes bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const uint8_t*>(text.data() ? text.data() : ""), text.size()};
}
inline std::string_view view(tarsier_bytes data) noexcept {
  return {reinterpret_cast<const char*>(data.data), static_cast<size_t>(data.size)};
}

class [[nodiscard]] Error {
 public:
  Error(tarsier_status code, std::string message, int64_t retry_after_ns = 0)
      : code_(code), retry_after_ns_(retry_after_ns), message_(std::move(message)) {}

  static Error invalid(std::string message) { return {TARSIER_INVALID, std::move(message)}; }
  static Error not_found(std::string message) { return {TARSIER_NOT_FOUND, std::move(message)}; }
  static Error unavailable(std::string message, int64_t retry_after_ns = 0) {
    return {TARSIER_UNAVAILABLE, std::move(message), retry_after_ns};
  }
  static Error internal(std::string message) { return {TARSIER_INTERNAL, std::move(message)}; }
  static Error from_c(tarsier_status code, const tarsier_error& error) {
    return {code, std::string(error.message, error.message_size), error.retry_after_ns};
  }

  tarsier_status code() const noexcept { return code_; }
  int64_t retry_after_ns() const noexcept { return retry_after_ns_; }
  const std::string& message() const noexcept { return message_; }

  /// The same error with what was being done in front: "open samples/active: no space left".
  Error in(std::string_view context) && {
    message_.insert(0, std::string(context) + ": ");
    return std::move(*this);
  }

  /// Copies into the caller's struct (may be null), cut at a character boundary; returns the code, so `return error.to_c(out);`.
  tarsier_status to_c(tarsier_error* out) const noexcept {
    if (out == nullptr) return code_;
    out->code = code_;
    out->retry_after_ns = retry_after_ns_;
    size_t size = message_.size();
    if (size > TARSIER_ERROR_TEXT_MAX) {
      size = TARSIER_ERROR_TEXT_MAX;
      while (size > 0 && (static_cast<unsigned char>(message_[size]) & 0xc0U) == 0x80U) --size;
    }
    std::memcpy(out->message, message_.data(), size);
    out->message_size = static_cast<uint32_t>(size);
    return code_;
  }

 private:
  tarsier_status code_;
  int64_t retry_after_ns_;
  std::string message_;
};

/// An empty error struct to hand to a C function.
inline tarsier_error empty_error() noexcept {
  tarsier_error error;
  error.size = sizeof(error);
  error.code = TARSIER_OK;
  error.retry_after_ns = 0;
  error.message_size = 0;
  return error;
}

/// Ends the process: for what must never be. Not for bad input.
[[noreturn]] inline void bug(const char* what) noexcept {
  std::fprintf(stderr, "BUG: %s\n", what);
  std::abort();
}

/// A value or an Error.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & { return require(), std::get<0>(state_); }
  const T& value() const& { return require(), std::get<0>(state_); }
  T&& value() && { return require(), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  void require() const {
    if (!ok()) bug(("value() of a failed Result: " + std::get<1>(state_).message()).c_str());
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return error_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const& { return std::get<1>(error_); }
  Error&& error() && { return std::get<1>(std::move(error_)); }

  /// The status of a call that has crossed the ABI, as a Result.
  static Result from_c(tarsier_status status, const tarsier_error& error) {
    if (status == TARSIER_OK) return {};
    return Error::from_c(status, error);
  }
  /// The other way: fills `out` (may be null) and returns the status.
  tarsier_status to_c(tarsier_error* out) const noexcept { return ok() ? TARSIER_OK : error().to_c(out); }

 private:
  std::variant<std::monostate, Error> error_;
};

}  // namespace tarsier
