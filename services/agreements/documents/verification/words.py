"""Why a signed document was refused, in words: what is wrong, and what to do."""

from __future__ import annotations

from services.agreements.documents.verification.verdict import Reason

R = Reason
WORDS: dict[Reason, tuple[str, str]] = {
    R.UNREADABLE: (
        "Il file non si può leggere: consegna il PDF firmato o la busta .p7m, senza modificarli.",
        "The file cannot be read: hand in the signed PDF or the .p7m envelope, unchanged.",
    ),
    R.TOO_LARGE: ("Il file supera i 20 MB.", "The file is larger than 20 MB."),
    R.TOO_MUCH_WORK: (
        "La verifica ha richiesto troppo tempo o memoria: il file non è stato accettato.",
        "Verification took too much time or memory: the file was not accepted.",
    ),
    R.NOT_THE_APPROVED_DOCUMENT: (
        "Non è il documento approvato: scaricalo da qui, firmalo senza salvarlo di nuovo e consegnalo.",
        "It is not the approved document: download it here, sign it without saving it anew, and hand it in.",
    ),
    R.NOT_THE_LATEST: (
        "Mancano firme già date: scarica il documento aggiornato e firma quello.",
        "Signatures given before are missing: download the document as it is now and sign that one.",
    ),
    R.NOT_SIGNED: ("Il documento non ha firme.", "The document has no signature."),
    R.NOTHING_NEW: (
        "Non c'è nessuna firma nuova rispetto a quelle già acquisite. Chi firma per due parti firma due volte.",
        "There is no signature besides those already taken in. Whoever signs for two parties signs twice.",
    ),
    R.SIGNATURE_MISSING: ("Manca una firma attesa.", "A signature that is expected is missing."),
    R.SIGNATURE_UNEXPECTED: (
        "C'è una firma di troppo, o la stessa firma compare due volte.",
        "There is a signature too many, or the same one twice.",
    ),
    R.NOT_PADES: (
        "La firma non è PAdES: scegli il formato PAdES nel software di firma.",
        "The signature is not PAdES: choose the PAdES format in your signing software.",
    ),
    R.NOT_CADES: (
        "La busta non è CAdES: scegli il formato CAdES (.p7m) nel software di firma.",
        "The envelope is not CAdES: choose the CAdES format (.p7m) in your signing software.",
    ),
    R.DETACHED: (
        "La busta contiene solo la firma, senza il documento: usa la firma con il documento dentro.",
        "The envelope holds only the signature: sign so that the document is inside it.",
    ),
    R.ENVELOPED: (
        "Il documento è già in una busta .p7m: aggiungi la firma alla busta, non al PDF.",
        "The document is in a .p7m envelope already: add the signature to the envelope, not to the PDF.",
    ),
    R.SIGNATURE_DAMAGED: ("La firma è danneggiata.", "The signature is damaged."),
    R.CONTENT_CHANGED: (
        "Il contenuto è cambiato dopo la firma.",
        "What was signed has been changed since.",
    ),
    R.CHANGED_BEFORE_SIGNING: (
        "Il documento è stato modificato prima di firmarlo o insieme alla firma.",
        "The document was changed before it was signed, or together with the signature.",
    ),
    R.CHANGED_AFTER_SIGNING: (
        "Il documento è stato modificato dopo la firma.",
        "The document was changed after it was signed.",
    ),
    R.NOT_WHOLE_DOCUMENT: (
        "La firma copre solo una parte del documento.",
        "The signature covers only a part of the document.",
    ),
    R.VISIBLE_SIGNATURE: (
        "La firma ha un'immagine sulla pagina, che potrebbe coprire il testo: firma senza immagine.",
        "The signature has a picture on the page, which could cover the text: sign without one.",
    ),
    R.WEAK_ALGORITHM: (
        "La firma usa un algoritmo non più sicuro.",
        "The signature uses an algorithm that is not safe any more.",
    ),
    R.WRONG_KEY_USAGE: (
        "Il certificato non è fatto per firmare documenti (forse è quello di autenticazione).",
        "The certificate is not made for signing documents (perhaps it is the one for logging in).",
    ),
    R.SEAL: (
        "È un sigillo: dice da dove viene il documento, non chi lo accetta. Serve la firma di una persona.",
        "It is a seal: it says where the document comes from, not who agrees. A person has to sign.",
    ),
    R.UNTRUSTED: (
        "Il certificato non viene da un prestatore di servizi fiduciari riconosciuto.",
        "The certificate is not from a recognised trust service provider.",
    ),
    R.EXPIRED: (
        "Il certificato era scaduto quando la firma è arrivata, e nessuna marca temporale dice che è di prima.",
        "The certificate had expired when the signature came in, and no time stamp says that it is older.",
    ),
    R.NOT_YET_VALID: ("Il certificato non è ancora valido.", "The certificate is not valid yet."),
    R.REVOKED: (
        "Il certificato era revocato quando la firma è arrivata, e nessuna marca temporale dice che è di prima.",
        "The certificate had been revoked when the signature came in, and no time stamp says that it is older.",
    ),
    R.REVOCATION_UNKNOWN: (
        "Non si sa se il certificato è revocato: firma con i dati di revoca (livello LT) o riprova più tardi.",
        "It is not known whether the certificate was revoked: sign with revocation data (level LT) or try again later.",
    ),
    R.TIME_STAMP_DAMAGED: (
        "La marca temporale è danneggiata o non viene da un servizio riconosciuto.",
        "The time stamp is damaged, or not from a recognised service.",
    ),
    R.WRONG_TIME: (
        "L'ora dichiarata nella firma non è possibile.",
        "The time stated in the signature is not possible.",
    ),
    R.WRONG_SIGNATORY: (
        "Chi ha firmato non è tra le persone attese: chiedi al Settore Legale di verificare chi deve firmare.",
        "Whoever signed is not among those expected: ask the Legal Office to check who has to sign.",
    ),
    R.LEVEL_TOO_LOW: (
        "Per questo strumento serve una firma di livello più alto.",
        "This instrument needs a signature of a higher level.",
    ),
    R.OUT_OF_TURN: (
        "Le firme sono in ordine e ora tocca a un'altra parte.",
        "Signatures are in order, and it is another party's turn.",
    ),
}
"""Italian and English."""


def in_words(reason: str, language: str) -> str:
    """The sentence for a reason, also of one noted by an older version."""
    italian, english = WORDS[Reason(reason)] if reason in set(Reason) else (reason, reason)
    return italian if language == "it" else english
