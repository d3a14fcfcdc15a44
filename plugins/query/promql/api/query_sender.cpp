#include "plugins/query/promql/api/query_sender.hpp"

#include <utility>

#include "plugins/query/promql/api/envelope.hpp"

namespace tarsier::promql {
namespace {

constexpr std::string_view kJson = "application/json";

}  // namespace

QuerySender::QuerySender(const Host& host, const http::Exchange& exchange, std::shared_ptr<const QueryAnswer> answer, Stats stats,
                         std::shared_ptr<void> place)
    : host_(host),
      exchange_(exchange),
      place_(std::move(place)),
      answer_(std::move(answer)),
      writer_(*answer_, stats),
      json_([this](std::string_view piece) { pieces_.emplace_back(piece); }) {
  json_.begin_object().key("status").string("success").key("data");
}

void QuerySender::start(const Host& host, const http::Exchange& exchange, std::shared_ptr<const QueryAnswer> answer, Stats stats,
                        std::shared_ptr<void> place) {
  (new QuerySender(host, exchange, std::move(answer), stats, std::move(place)))->go_on();
}

/// It owns itself: while it waits, the exchange will call it, when there is room or when the client is gone.
void QuerySender::go_on() {
  std::unique_ptr<QuerySender> mine(this);
  switch (write()) {
    case Outcome::kWait:
      mine.release()->wait();
      return;
    case Outcome::kWhole:
      return exchange_.respond(200, kJson, json_.text());
    case Outcome::kComplete:
      return exchange_.end();
    case Outcome::kBroken:
      return exchange_.end(true);
  }
}

QuerySender::Outcome QuerySender::write() {
  const std::lock_guard lock(mutex_);
  if (answer_ == nullptr) return Outcome::kBroken;
  while (true) {
    size_t taken = 0;
    for (; taken < pieces_.size(); ++taken) {
      if (!std::exchange(begun_, true)) exchange_.begin(200, kJson);
      const tarsier_status status = exchange_.write(pieces_[taken]);
      if (status != TARSIER_OK && status != TARSIER_AGAIN) return Outcome::kBroken;
      if (status == TARSIER_AGAIN) break;
    }
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(taken));
    if (!pieces_.empty()) return Outcome::kWait;
    if (written_) return begun_ ? Outcome::kComplete : Outcome::kWhole;
    write_more();
  }
}

void QuerySender::write_more() {
  written_ = !writer_.write_some(json_);
  if (!written_) return;
  write_annotations(json_, answer_->warnings, answer_->infos);
  json_.end_object();
  if (begun_ || !pieces_.empty()) json_.flush();
}

void QuerySender::wait() {
  if (!late_) {
    auto timer = after(host_, "clients that take no answer", answer_->timeout_ns, [this] { give_up(); });
    if (timer) late_ = std::move(*timer);  // otherwise the instance ends, and its exchanges with it
  }
  const http::Exchange exchange = exchange_;  // go_on() may run, and end, before on_writable returns
  exchange.api()->on_writable(exchange.raw(), this, [](void* user) { static_cast<QuerySender*>(user)->go_on(); });
}

/// The exchange stays open until the client takes something, or is cut off: only then nobody calls go_on() any more.
void QuerySender::give_up() {
  std::shared_ptr<const QueryAnswer> answer;  // these go when the lock has gone
  std::shared_ptr<void> place;
  const std::lock_guard lock(mutex_);
  answer = std::move(answer_);
  place = std::move(place_);
  pieces_.clear();
}

}  // namespace tarsier::promql
