// Answer: what a receiver's answer to a request means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plugins/forward/remote_write/shard.hpp"
#include "tarsier/http.hpp"

namespace tarsier::forward {

enum class Verdict : uint8_t { done, retry, refused };

/// What a receiver of 2.0 says that it has written.
struct Written {
  uint64_t samples = 0;
  uint64_t histograms = 0;
  uint64_t exemplars = 0;
};

struct Answer {
  Verdict verdict = Verdict::retry;
  uint32_t code = 0;           // 0: there was no answer
  int64_t retry_after_ns = 0;  // as it asked for; 0: it did not
  std::string what = {};       // for people, when it is not done
  std::optional<Written> written = {};
  int64_t duration_ns = 0;
};

/// `now_ns` is for a Retry-After that names a date.
Answer judge(const Result<http::Response>& response, const EndpointSettings& settings, int64_t now_ns);

/// Of "120" and of "Wed, 21 Oct 2026 07:28:00 GMT"; 0 for anything else and for the past. At most an hour.
int64_t retry_after_ns(std::string_view text, int64_t now_ns);

}  // namespace tarsier::forward
