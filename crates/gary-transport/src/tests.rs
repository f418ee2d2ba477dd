//! What a transport promises, over each carrier there is.

mod admission;
mod exchange;
mod limits;
pub(crate) mod net;
mod reconnection;

/// Makes a test of each function for each carrier.
macro_rules! on_each_carrier {
    ($($module:ident::$test:ident,)*) => {
        mod quic {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    crate::tests::$module::$test(crate::tests::net::Net::quic()).await;
                }
            )*
        }
        mod memory {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    crate::tests::$module::$test(crate::tests::net::Net::memory()).await;
                }
            )*
        }
    };
}

on_each_carrier! {
    admission::who_is_admitted_by_neither_key_nor_word_is_told_why,
    admission::who_is_dialled_is_judged_too,
    admission::who_is_there_is_found_out,
    admission::nobody_else_takes_the_place_of_whom_was_meant,
    admission::who_is_disconnected_is_told_why,
    exchange::everything_arrives,
    exchange::frames_arrive_in_order,
    exchange::a_stream_that_breaks_off_is_no_stream_that_ends,
    exchange::bulk_has_a_connection_of_its_own,
    exchange::an_end_is_told,
    limits::a_frame_that_is_too_long_closes_its_stream,
    limits::what_nobody_takes_holds_up_its_sender,
    limits::a_stream_that_nobody_reads_holds_up_its_writer,
    limits::requests_at_once_are_bounded,
    limits::the_connection_used_longest_ago_makes_room,
    limits::connections_in_use_make_no_room,
    limits::handshakes_at_once_are_bounded,
    limits::who_does_not_answer_is_left_alone_for_a_while,
    reconnection::two_who_dial_at_once_lose_nothing,
    reconnection::who_starts_again_is_found_where_it_was,
    reconnection::who_starts_again_elsewhere_makes_itself_known,
}
