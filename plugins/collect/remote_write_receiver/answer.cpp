// Outcomes to codes: 4xx makes a sender drop the request, 5xx makes it try again.
#include "plugins/collect/remote_write_receiver/answer.hpp"

#include <algorithm>
#include <charconv>

namespace tarsier::remote_write {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

/// The N of a store's "N of M ..." (abi/bus.h); all rows when it does not say.
uint64_t refused_by_store(std::string_view message, uint64_t rows) noexcept {
  uint64_t refused = 0;
  const auto [end, error] = std::from_chars(message.data(), message.data() + message.size(), refused);
  const std::string_view rest(end, static_cast<size_t>(message.data() + message.size() - end));
  return error == std::errc() && rest.starts_with(" of ") ? std::min(refused, rows) : rows;
}

/// The store does not say of which sort the refused rows were: of two sorts, each is taken to be the one, so that no number is too
/// high.
void count_written(Answer& answer, const Tally& tally, uint64_t refused) {
  answer.samples = tally.samples - std::min(refused, tally.samples);
  answer.histograms = tally.histograms - std::min(refused, tally.histograms);
  answer.exemplars = tally.exemplars;
}

}  // namespace

Answer answer_of(const Result<void>& stored, const Tally& tally) {
  Answer answer;
  const tarsier_status status = stored ? tarsier_status{TARSIER_OK} : stored.error().code();
  if (status == TARSIER_OK || status == TARSIER_INVALID) {
    count_written(answer, tally, stored ? 0 : refused_by_store(stored.error().message(), tally.samples + tally.histograms));
    if (!stored) answer.body = stored.error().message();
    if (tally.refused > 0) answer.body.append(answer.body.empty() ? "" : "; ").append(tally.text());
    answer.code = answer.body.empty() && stored ? 204 : 400;
    return answer;
  }
  answer.body = stored.error().message();
  answer.code = 500;
  if (status == TARSIER_AGAIN || status == TARSIER_UNAVAILABLE || status == TARSIER_CANCELLED) {
    answer.code = 503;
    answer.retry_after_s = std::max<int64_t>(1, (stored.error().retry_after_ns() + kSecond - 1) / kSecond);
  }
  return answer;
}

}  // namespace tarsier::remote_write
