// /read: the samples of whole series, for another Prometheus, Thanos or an export: raw, or as chunks.
#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/handlers.hpp"
#include "plugins/query/promql/api/selection.hpp"
#include "plugins/query/promql/remote_read/messages.hpp"

namespace tarsier::promql {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr size_t kMaxFrameBytes = size_t{1} << 20U;
constexpr uint64_t kBytesPerSample = 16;  // what the limit of samples stands for, when they are in chunks

void refuse_as_text(const http::Exchange& exchange, const Error& error) {
  const tarsier_status status = error.code();
  const uint32_t code = status == TARSIER_INVALID || status == TARSIER_RESOURCE ? 400 : status == TARSIER_UNAVAILABLE ? 503 : 500;
  exchange.respond(code, kText, error.message() + "\n");
}

/// What the callbacks of the store make of series, from several threads.
template <class T>
class Found {
 public:
  void add(Labels labels, T made) {
    const std::lock_guard lock(mutex_);
    series_.emplace(std::move(labels), std::move(made));
  }
  void fail(Error error) {
    const std::lock_guard lock(mutex_);
    if (outcome_) outcome_ = std::move(error);
  }
  Result<std::map<Labels, T>> take() {
    if (!outcome_) return std::move(outcome_).error();
    return std::move(series_);
  }

 private:
  std::mutex mutex_;
  std::map<Labels, T> series_;  // sorted, as clients expect them
  Result<void> outcome_;
};

/// `make(series)` of every series that the query asks for, sorted by labels. Ends with RESOURCE when `size(made)` of all is more
/// than `most`.
template <class T, class Make, class Size>
Result<std::map<Labels, T>> read(const tarsier_samples_store& store, const ReadQuery& query, const http::Exchange& exchange,
                                 uint64_t most, std::vector<std::string>& warnings, Make make, Size size) {
  if (query.matchers.empty()) return std::map<Labels, T>{};  // as the original: nothing asked for, nothing found
  const Selection selection(query.matchers, query.start_ns, query.end_ns, exchange, &warnings);
  struct Call {
    Found<T> found{};
    std::atomic<uint64_t> held{0};
    uint64_t most;
    Make& make;
    Size& size;
  } call{.most = most, .make = make, .size = size};
  tarsier_error error = empty_error();
  const tarsier_status status = store.select(
      store.self, &selection.raw(), &call,
      [](void* user, const tarsier_series* series) -> int32_t {
        auto& to = *static_cast<Call*>(user);
        Result<T> made = to.make(*series);
        if (!made) {
          to.found.fail(std::move(made).error());
          return 0;
        }
        if (to.held.fetch_add(to.size(*series, *made)) > to.most) {
          to.found.fail(Error(TARSIER_RESOURCE, "exceeded sample limit (" + std::to_string(to.most) + ")"));
          return 0;
        }
        to.found.add(Labels::from(series->labels, series->label_count), std::move(*made));
        return 1;
      },
      &error);
  if (status != TARSIER_OK) return Error::from_c(status, error);
  return call.found.take();
}

Result<std::string> read_samples(const tarsier_samples_store& store, const ReadRequest& request, const http::Exchange& exchange,
                                 uint64_t most, std::vector<std::string>& warnings) {
  protobuf::WireWriter response;
  for (const ReadQuery& query : request.queries) {
    auto found = read<std::string>(store, query, exchange, most, warnings, write_time_series,
                                   [](const tarsier_series& series, const std::string&) { return series.sample_count; });
    if (!found) return std::move(found).error();
    protobuf::WireWriter result;
    for (const auto& [labels, series] : *found) result.text(1, series);
    response.message(1, result);
  }
  return snappy_block(response.text());
}

/// One series a frame, or several frames for one that is long.
void write_frames(const Labels& labels, const std::vector<Chunk>& chunks, uint64_t query_index, std::vector<std::string>& out) {
  size_t from = 0, bytes = 0;
  for (size_t i = 0; i < chunks.size(); ++i) {
    bytes += chunks[i].data.size();
    if (bytes < kMaxFrameBytes && i + 1 < chunks.size()) continue;
    out.push_back(write_frame(labels, chunks.data() + from, i + 1 - from, query_index));
    from = i + 1;
    bytes = 0;
  }
}

Result<std::vector<std::string>> read_chunks(const tarsier_samples_store& store, const ReadRequest& request,
                                             const http::Exchange& exchange, uint64_t most, std::vector<std::string>& warnings) {
  std::vector<std::string> frames;
  for (size_t i = 0; i < request.queries.size(); ++i) {
    const auto size = [](const tarsier_series&, const std::vector<Chunk>& chunks) {
      uint64_t bytes = 0;
      for (const Chunk& chunk : chunks) bytes += sizeof(chunk) + chunk.data.size();
      return bytes;
    };
    auto found =
        read<std::vector<Chunk>>(store, request.queries[i], exchange, most * kBytesPerSample, warnings, encode_chunks, size);
    if (!found) return std::move(found).error();
    for (const auto& [labels, chunks] : *found) write_frames(labels, chunks, i, frames);
  }
  return frames;
}

}  // namespace

void Api::remote_read(const Request& request, const Exchange& exchange) {
  auto wanted = read_request(request.body());
  if (!wanted) return refuse_as_text(exchange, wanted.error());
  auto store = store_.acquire_wait();
  if (!store) return refuse_as_text(exchange, store.error());
  const uint64_t most = engine_.options().limits.max_samples;
  std::vector<std::string> warnings;
  if (wanted->chunks) {
    auto frames = read_chunks(**store, *wanted, exchange, most, warnings);
    told_warnings_.tell(host_, "remote read", warnings);
    if (!frames) return refuse_as_text(exchange, frames.error());
    return send_pieces(exchange, 200, "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse", std::move(*frames));
  }
  auto message = read_samples(**store, *wanted, exchange, most, warnings);
  told_warnings_.tell(host_, "remote read", warnings);
  if (!message) return refuse_as_text(exchange, message.error());
  exchange.respond(200, "application/x-protobuf", *message, {{str("content-encoding"), str("snappy")}});
}

}  // namespace tarsier::promql
