// Outcomes to codes: 4xx makes a sender drop the request, 5xx makes it try again. As with the original, exemplars that the store
// refuses fail no request: one that is sent again has some that are older than the newest.
#include "plugins/collect/remote_write_receiver/answer.hpp"

#include <algorithm>
#include <charconv>

namespace tarsier::remote_write {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

/// What of the rows and exemplars a store has refused.
struct Refused {
  uint64_t rows = 0;
  uint64_t exemplars = 0;
  bool exemplars_only = false;
};

/// Takes "N of M " from the front; false, and nothing taken, when it is not there.
bool take_count(std::string_view& text, uint64_t& count) noexcept {
  std::string_view rest = text;
  uint64_t all = 0;
  for (const auto& [number, follows] : {std::pair(&count, std::string_view(" of ")), std::pair(&all, std::string_view(" "))}) {
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), *number);
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    if (error != std::errc() || !rest.starts_with(follows)) return false;
    rest.remove_prefix(follows.size());
  }
  text = rest;
  return true;
}

/// As the store says it (docs/storage.md): "3 of 500 samples ...", "1 of 5 exemplars ...", or both, joined by "and"; everything
/// when it does not say.
Refused refused_by_store(std::string_view message, const Tally& tally) noexcept {
  constexpr std::string_view kExemplars = "exemplars ";
  constexpr std::string_view kBoth = "samples and ";
  const uint64_t rows = tally.samples + tally.histograms;
  uint64_t count = 0;
  if (!take_count(message, count)) return {rows, tally.exemplars};
  if (message.starts_with(kExemplars)) return {0, std::min(count, tally.exemplars), true};
  Refused refused{std::min(count, rows), 0};
  if (!message.starts_with(kBoth)) return refused;
  message.remove_prefix(kBoth.size());
  if (take_count(message, count) && message.starts_with(kExemplars)) refused.exemplars = std::min(count, tally.exemplars);
  return refused;
}

/// The store does not say of which sort the refused rows were: of two sorts, each is taken to be the one, so that no number is too
/// high.
void count_written(Answer& answer, const Tally& tally, const Refused& refused) {
  answer.samples = tally.samples - std::min(refused.rows, tally.samples);
  answer.histograms = tally.histograms - std::min(refused.rows, tally.histograms);
  answer.exemplars = tally.exemplars - refused.exemplars;
}

}  // namespace

Answer answer_of(const Result<void>& stored, const Tally& tally) {
  Answer answer;
  const tarsier_status status = stored ? tarsier_status{TARSIER_OK} : stored.error().code();
  if (status == TARSIER_OK || status == TARSIER_INVALID) {
    const Refused refused = stored ? Refused{} : refused_by_store(stored.error().message(), tally);
    count_written(answer, tally, refused);
    if (!stored && !refused.exemplars_only) answer.body = stored.error().message();
    if (tally.refused > 0) answer.body.append(answer.body.empty() ? "" : "; ").append(tally.text());
    answer.code = answer.body.empty() && (stored || refused.exemplars_only) ? 204 : 400;
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
