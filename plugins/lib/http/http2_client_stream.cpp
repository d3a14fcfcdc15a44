#include "plugins/lib/http/http2_client_stream.hpp"

#include "plugins/lib/http/http2_client_connection.hpp"

namespace tarsier::net {

Http2ClientStream::Http2ClientStream(std::shared_ptr<Http2ClientConnection> connection, int32_t id, std::function<void()> wake)
    : connection_(std::move(connection)), id_(id), wake_(std::move(wake)) {}

Http2ClientStream::~Http2ClientStream() { connection_->leave(id_); }

void Http2ClientStream::consume(size_t bytes) {
  if (!ended_ && !broken_) connection_->consume(id_, bytes);
}

void Http2ClientStream::expire() {
  if (!ended_ && !broken_) connection_->doubt(begun_);
}

void Http2ClientStream::add_head(MessageHead head) {
  head_ = std::move(head);
  wake_();
}

void Http2ClientStream::add(std::string_view piece) {
  waiting_.append(piece);
  wake_();
}

void Http2ClientStream::end() {
  ended_ = true;
  wake_();
}

void Http2ClientStream::break_off(Http2ClientSession::Break broken) {
  if (ended_ || broken_) return;
  broken_ = std::move(broken);
  wake_();
}

}  // namespace tarsier::net
